import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startControlPlane } from '../control-plane/control-plane.ts'
import { StderrProgress } from '../programs/progress.ts'
import type { BenchContext } from './bench-world.ts'
import type { Figures, NotMeasured } from './figures.ts'
import { measureIdleLatency } from './idle-latency.ts'
import { measureImage } from './image.ts'
import { peakOf, runAlone, runAmong } from './memory.ts'
import { type RestartRun, restartFigures } from './restart.ts'
import { measureSteadyRate } from './steady-rate.ts'
import { renderTable } from './table.ts'
import { measureUrgent } from './urgent.ts'

const rows = ['steady', 'urgent', 'idle', 'restart', 'memory', 'among', 'image'] as const
type Row = (typeof rows)[number]

const help = `Measures the production bundle against a real API server and a simulated cloud. Takes about 20 minutes.

  npm run bench -- [options]

  --quick         smaller numbers, without the 20,000 other Secrets: two minutes
  --json FILE     writes the figures to FILE too
  --only ROWS     some rows alone: ${rows.join(',')}
  --help          this text

It fails when something is broken, never because something is slow. What the rows measure: test/bench/README.md.
`

/** How much of everything. */
const full = { backlog: 600, idle: 200, synced: 1_000, runs: 3, others: 20_000 }
const quick = { backlog: 150, idle: 50, synced: 200, runs: 1, others: 0 }

interface Arguments {
  readonly quick: boolean
  readonly json: string | undefined
  readonly only: readonly Row[]
}

/** @throws Error in words for the user */
function readArguments(): Arguments | 'help' {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      only: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const only = values.only?.split(',') ?? rows
  const unknown = only.filter((it) => !rows.includes(it as Row))
  if (unknown.length > 0) throw new Error(`--only ${unknown.join(',')}: expected some of ${rows.join(',')}`)
  return { quick: values.quick, json: values.json, only: only as Row[] }
}

async function measure(
  context: BenchContext,
  args: Arguments,
): Promise<{ figures: Figures; notMeasured: NotMeasured }> {
  const { backlog, idle, synced, runs, others } = args.quick ? quick : full
  const figures: Figures = {}
  let notMeasured: NotMeasured = {}
  const wanted = (...some: Row[]) => some.some((row) => args.only.includes(row))
  const row = async (title: string, work: () => Promise<Figures>) => {
    const start = performance.now()
    context.progress.say(`${title} ...`)
    Object.assign(figures, await work())
    context.progress.say(`${title}: ${Math.round((performance.now() - start) / 1_000)} s`)
  }
  if (wanted('steady')) await row('steady rate', () => measureSteadyRate(context, backlog))
  if (wanted('urgent')) await row('urgent renewal', () => measureUrgent(context, backlog))
  if (wanted('idle')) await row('idle latency', () => measureIdleLatency(context, idle))
  if (wanted('restart', 'memory')) {
    await row('restart and memory', async () => {
      const alone: RestartRun[] = await runAlone(context, synced, wanted('memory') ? runs : 1)
      return { ...restartFigures(alone), peakRssMiB: peakOf(alone) }
    })
  }
  if (wanted('among') && others > 0) {
    await row(`memory among ${others.toLocaleString('en')} others`, async () => {
      return { peakRssAmong20kMiB: peakOf(await runAmong(context, synced, runs, others)) }
    })
  }
  if (wanted('image')) {
    await row('image', async () => {
      const image = await measureImage(context)
      notMeasured = image.notMeasured
      return image.figures
    })
  }
  return { figures, notMeasured }
}

async function run(): Promise<void> {
  const args = readArguments()
  if (args === 'help') {
    process.stdout.write(help)
    return
  }
  await using cluster = await startControlPlane()
  const progress = new StderrProgress(join(cluster.connection.folder, 'bench.status'))
  const { figures, notMeasured } = await measure({ cluster, progress }, args)
  process.stdout.write(`${renderTable(figures, notMeasured)}\n`)
  if (args.json !== undefined) writeFileSync(args.json, `${JSON.stringify(figures, null, 2)}\n`)
}

try {
  await run()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
