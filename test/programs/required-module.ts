import { goEnvironmentOf } from './go-build.ts'
import { runProgram } from './run-program.ts'

/**
 * The folder where Go keeps the sources of a module that the go.mod in `folder` pins; fetched where they are not there.
 * @throws Error that says what is missing or what Go said
 */
export async function requiredModule(folder: string, module: string): Promise<string> {
  const env = await goEnvironmentOf(folder)
  const told = await runProgram(['go', 'mod', 'download', '-json', module], { cwd: folder, env })
  return (JSON.parse(told) as { Dir: string }).Dir
}
