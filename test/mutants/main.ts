import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { atProcessEnd } from '../control-plane/cleanup.ts'
import type { Mutant } from './mutant.ts'
import { mutants } from './mutants.ts'
import { SourceCopy } from './source-copy.ts'
import { runTests, type TestRun } from './test-run.ts'

const help = `Sabotages the heart of the operator, a function at a time, and sees whether a test notices. Two idle cores need about
ten minutes for all of it.

  npm run mutants -- [options]

  --only TEXT     the sabotages with TEXT in their names alone
  --in TEXT       the sabotages of files with TEXT in their paths alone
  --help          this text

It works on copies in temporary folders. Exit code 1 when a sabotage is not noticed, or is not possible any more.
`

/** Sabotages that are tried at a time, each in a copy of its own. */
const atATime = Math.min(4, availableParallelism())
/** Longer than all tests of all sabotages may take. */
const soundLimitMs = 1_200_000

interface Verdict {
  readonly mutant: Mutant
  readonly noticed: boolean
  readonly by: string
}

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      in: { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    return 0
  }
  const chosen = mutants.filter((it) => it.name.includes(values.only) && it.file.includes(values.in))
  if (chosen.length === 0) throw new Error('no such sabotage')
  const copies = Array.from({ length: atATime }, () => new SourceCopy())
  const forget = atProcessEnd(() => removeAll(copies))
  try {
    await expectSound(copies[0] as SourceCopy, chosen)
    const left = [...chosen]
    const verdicts: Verdict[] = []
    const work = async (copy: SourceCopy) => {
      for (let mutant = left.shift(); mutant; mutant = left.shift()) verdicts.push(await tryOut(copy, mutant))
    }
    await Promise.all(copies.map(work))
    verdicts.sort((a, b) => chosen.indexOf(a.mutant) - chosen.indexOf(b.mutant))
    process.stdout.write(`${render(verdicts)}\n`)
    const unnoticed = verdicts.filter((it) => !it.noticed).length
    process.stdout.write(`${verdicts.length - unnoticed} noticed, ${unnoticed} not\n`)
    return unnoticed === 0 ? 0 : 1
  } finally {
    forget()
    removeAll(copies)
  }
}

function removeAll(copies: readonly SourceCopy[]): void {
  for (const copy of copies) copy.remove()
}

/** The tests have to pass before a failure can mean anything. */
async function expectSound(copy: SourceCopy, chosen: readonly Mutant[]): Promise<void> {
  const files = [...new Set(chosen.flatMap((it) => it.tests))]
  process.stderr.write(`without a sabotage: ${files.join(' ')}\n`)
  const result = await runTests(copy.folder, files, { limitMs: soundLimitMs })
  if (result.kind !== 'passed') throw new Error(`not sound without a sabotage: ${describe(result)}`)
  process.stderr.write(`${result.count} tests pass\n`)
}

async function tryOut(copy: SourceCopy, mutant: Mutant): Promise<Verdict> {
  const { name, tests } = mutant
  const start = performance.now()
  let takeBack = () => {}
  let result: TestRun
  try {
    takeBack = copy.apply(mutant)
    result = await runTests(copy.folder, tests, { bail: true })
  } catch (error) {
    result = { kind: 'broken', why: error instanceof Error ? error.message : String(error) }
  } finally {
    takeBack()
  }
  const noticed = result.kind === 'failed' || result.kind === 'hung'
  const seconds = ((performance.now() - start) / 1_000).toFixed(1)
  process.stderr.write(`${noticed ? 'noticed    ' : 'NOT NOTICED'} ${seconds.padStart(5)} s  ${name}\n`)
  return { mutant, noticed, by: describe(result) }
}

function describe(result: TestRun): string {
  switch (result.kind) {
    case 'passed':
      return `all ${result.count} tests pass`
    case 'failed':
      return result.first
    case 'hung':
      return 'the tests do not end'
    case 'broken':
      return `the tests cannot be run: ${result.why}`
  }
}

function render(verdicts: readonly Verdict[]): string {
  const table = new Table({
    head: ['', 'sabotage', 'where', 'the first test that fails'],
    colWidths: [null, 36, 34, 60],
    wordWrap: true,
    style: { head: [], border: [] },
  })
  for (const { mutant, noticed, by } of verdicts) {
    const where = `${mutant.file} ${mutant.within}`
    table.push([noticed ? 'noticed' : 'NOT NOTICED', mutant.name, where, by.slice(0, 400)])
  }
  return table.toString()
}

try {
  process.exitCode = await run()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
