import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { dyingWithParent } from '../../programs/child.ts'
import { resultsVariable } from './results-reporter.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url))
const resultsReporter = fileURLToPath(new URL('./results-reporter.ts', import.meta.url))

export interface VitestOptions {
  /** Of vitest.config.ts. */
  readonly project: 'e2e' | 'e2e-alone'
  /** Parts of paths: the files that are run. */
  readonly files: readonly string[]
  /** A regular expression for the names of tests. */
  readonly promise?: string
  /** Where its JSON results go. */
  readonly results: string
  readonly env: Readonly<Record<string, string>>
}

/** A project of vitest's as a process of its own, its output going to ours. */
export class VitestRun {
  readonly #child: ChildProcess
  /** Its exit code; 1 after a signal. */
  readonly exitCode: Promise<number>

  constructor({ project, files, promise, results, env }: VitestOptions) {
    const reporters = ['--reporter=default', `--reporter=${resultsReporter}`]
    const named = promise === undefined ? [] : ['--testNamePattern', promise]
    const options = ['run', '--project', project, ...reporters, ...named, ...files]
    const [command, ...args] = dyingWithParent([process.execPath, vitest, ...options])
    this.#child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env, [resultsVariable]: results },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    this.exitCode = once(this.#child, 'exit').then(([code]) => (code as number | null) ?? 1)
  }

  /** Asks it to end. */
  stop(): void {
    this.#child.kill('SIGTERM')
  }
}
