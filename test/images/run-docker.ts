import { runProgram } from '../programs/run-program.ts'

/**
 * Runs the docker command and returns its stdout, which for a build is empty.
 * @throws Error with the last lines it wrote on stderr; a build writes there what its steps say
 */
export function runDocker(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  // The builder before BuildKit writes to stdout why a step failed.
  const told = args[0] === 'build' ? 'exec docker "$@" 1>&2' : 'exec docker "$@"'
  return runProgram(['sh', '-c', told, 'docker', ...args], { env })
}
