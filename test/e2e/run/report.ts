import Table from 'cli-table3'
import type { Figure } from '../suite/harness/figures.ts'
import { inSeconds, type Phase } from './phases.ts'

/** The part of vitest's JSON results that is used. */
export interface Results {
  readonly testResults: readonly {
    /** Path of the file. */
    readonly name: string
    /** Why the file as a whole failed. */
    readonly message?: string
    readonly status?: string
    readonly assertionResults: readonly {
      readonly title: string
      readonly status: string
      readonly duration?: number | null
    }[]
  }[]
}

const words: Readonly<Record<string, string>> = { passed: 'kept', failed: 'BROKEN' }

/**
 * What a run showed, as tables: every promise, what was measured, and how long its parts took.
 *
 * @param columns of the terminal
 */
export function report(
  results: Results,
  figures: readonly Figure[],
  phases: readonly Phase[],
  columns: number,
): string {
  const table = tableOf(Math.min(columns, 120))
  const promises = table(['promise', '', 'time'], results.testResults.flatMap(promisesOf), [11, 14])
  const measured = table(
    ['measured', ''],
    figures.map(({ name, value }) => [name, value]),
    [40],
  )
  const parts = table(
    ['part', 'time'],
    phases.map(({ name, ms }) => [name, inSeconds(ms)]),
    [14],
  )
  return [promises, ...(figures.length === 0 ? [] : [measured]), parts, summary(results)].join('\n\n')
}

/** "24 promises kept, 1 broken, 2 not asked". */
export function summary(results: Results): string {
  const all = results.testResults.flatMap(({ assertionResults }) => assertionResults)
  const count = (status: string) => all.filter((each) => each.status === status).length
  const kept = count('passed')
  const broken = count('failed')
  const unasked = all.length - kept - broken
  const failedFiles = results.testResults.filter(isFileFailure).length
  return [
    `${kept} promises kept`,
    `${broken} broken`,
    ...(unasked > 0 ? [`${unasked} not asked`] : []),
    ...(failedFiles > 0 ? [`${failedFiles} files failed as a whole`] : []),
  ].join(', ')
}

/** Whether anything was asked at all; a file that failed as a whole was. */
export function anyPromiseRan(results: Results | undefined): boolean {
  const files = results?.testResults ?? []
  const ran = ({ status }: { readonly status: string }) => status === 'passed' || status === 'failed'
  return files.some((file) => isFileFailure(file) || file.assertionResults.some(ran))
}

function promisesOf(file: Results['testResults'][number]): string[][] {
  const name = file.name.replace(/^.*\//, '').replace(/\.(e2e|alone)\.ts$/, '')
  const rows = file.assertionResults.map(({ title, status, duration }) => [
    `${name}: ${title}`,
    words[status] ?? 'not asked',
    status === 'passed' || status === 'failed' ? inSeconds(duration ?? 0) : '',
  ])
  return isFileFailure(file) ? [...rows, [`${name}: the file as a whole`, 'BROKEN', '']] : rows
}

/** A hook or an import failed: no promise of the file says so by itself. */
function isFileFailure({ status, assertionResults }: Results['testResults'][number]): boolean {
  return status === 'failed' && !assertionResults.some((each) => each.status === 'failed')
}

/** A table of so many columns of text; the first column has what the `others` leave. */
function tableOf(columns: number) {
  return (head: string[], rows: readonly string[][], others: readonly number[]): string => {
    const taken = others.reduce((sum, width) => sum + width, 0) + head.length + 1
    const made = new Table({
      head,
      wordWrap: true,
      colWidths: [Math.max(20, columns - taken), ...others],
      style: { head: [], border: [], compact: true },
    })
    made.push(...rows)
    return made.toString()
  }
}
