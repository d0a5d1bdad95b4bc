import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { dyingWithParent } from './child.ts'

export interface RunOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** What it reads on stdin. */
  input?: string
  /** Called for every line of stderr; true keeps it out of the error. */
  onErrorLine?: (line: string) => boolean
}

/**
 * Runs a program to its end and returns its stdout. It is in our process group, so Ctrl-C ends it too.
 * @throws Error with the program's last lines on stderr when it fails, is ended by a signal or cannot be found.
 */
export async function runProgram(command: [string, ...string[]], options: RunOptions = {}): Promise<string> {
  const { cwd, env, input, onErrorLine } = options
  const [program, ...args] = dyingWithParent(command)
  const child = spawn(program, args, {
    ...(cwd && { cwd }),
    ...(env && { env }),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // A program that does not read its input is no failure of ours.
  child.stdin.on('error', () => undefined).end(input ?? '')
  const output: string[] = []
  const errorLines: string[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text))
  const lines = createInterface({ input: child.stderr })
  lines.on('line', (line) => {
    if (onErrorLine?.(line)) return
    errorLines.push(line)
    if (errorLines.length > 8) errorLines.shift()
  })
  const end = await new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(signal ?? String(code)))
  })
  if (end === '0') return output.join('')
  const what = command.slice(0, 2).join(' ')
  throw new Error(`${what} ended with ${end}: ${errorLines.join('\n')}`)
}
