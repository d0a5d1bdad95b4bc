import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** What a run of tests ended with. `broken`: not one test could be run, so none has found anything. */
export type TestRun =
  | { readonly kind: 'passed'; readonly count: number }
  | { readonly kind: 'failed'; readonly first: string }
  | { readonly kind: 'hung' }
  | { readonly kind: 'broken'; readonly why: string }

/** The part of vitest's JSON report that counts. */
interface Report {
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly message: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

/** Where vitest.config.ts has the report written. */
const reportPath = 'dist/test-results.json'
/** Longer than the tests of one sabotage may take. */
const defaultLimitMs = 180_000

/**
 * Runs files of unit tests of the project in `folder`.
 *
 * @param bail ends with the first failure
 * @param limitMs after so long they count as hung
 */
export async function runTests(
  folder: string,
  files: readonly string[],
  { bail = false, limitMs = defaultLimitMs } = {},
): Promise<TestRun> {
  const reportFile = join(folder, reportPath)
  rmSync(reportFile, { force: true })
  const vitest = join(folder, 'node_modules/vitest/vitest.mjs')
  const options = ['--project', 'unit', ...(bail ? ['--bail', '1'] : [])]
  const ended = await run(folder, [process.execPath, vitest, 'run', ...options, ...files], limitMs)
  return ended.code === null ? { kind: 'hung' } : readReport(reportFile, ended.output)
}

function readReport(file: string, output: string): TestRun {
  let report: Report
  try {
    report = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { kind: 'broken', why: output }
  }
  const tests = report.testResults.flatMap((it) => it.assertionResults)
  const failed = tests.find((it) => it.status === 'failed')
  if (failed) return { kind: 'failed', first: failed.fullName.trim() }
  // A file that cannot even be loaded has a message and no test.
  const unloaded = report.testResults.find((it) => it.assertionResults.length === 0)
  if (unloaded) return { kind: 'broken', why: unloaded.message }
  if (report.numPassedTests === 0) return { kind: 'broken', why: `no test has run. ${output}` }
  return { kind: 'passed', count: report.numPassedTests }
}

/** Code null: it took too long and was ended. */
async function run(
  folder: string,
  [command = '', ...args]: readonly string[],
  limitMs: number,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-4_000)
    })
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)
  return { code, output }
}
