import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startControlPlane } from '../control-plane/control-plane.ts'
import { StderrProgress } from '../programs/progress.ts'
import { measureInventory } from './account-inventory.ts'
import type { BenchContext } from './bench-world.ts'
import { measureBrownout } from './brownout.ts'
import type { Figures, NotMeasured } from './figures.ts'
import { measureIdleLatency } from './idle-latency.ts'
import { measureImage } from './image.ts'
import { peakOf, runRestarts } from './memory.ts'
import { createNeighbours } from './neighbours.ts'
import { measurePoison } from './poison.ts'
import { restartFigures } from './restart.ts'
import { measureSteadyRate } from './steady-rate.ts'
import { renderTable } from './table.ts'
import { measureUrgent } from './urgent.ts'

const rows = [
  ...(['steady', 'urgent', 'idle', 'brownout', 'poison', 'inventory'] as const),
  ...(['restart', 'memory', 'cpu', 'among', 'among100k', 'image'] as const),
]
type Row = (typeof rows)[number]

const help = `Measures the production bundle against a real API server and a simulated cloud. Takes about 25 minutes.

  npm run bench -- [options]

  --quick         smaller numbers, without the 20,000 other Secrets: five minutes
  --json FILE     writes the figures to FILE too
  --only ROWS     some rows alone: ${rows.join(',')}
  --help          this text

It fails when something is broken, never because something is slow. What the rows measure: test/bench/README.md.
`

/** How much of everything. */
const full = {
  backlog: 600,
  idle: 200,
  brownout: { count: 400, seconds: 90 },
  poisonRounds: 3,
  listed: 10_000,
  synced: 1_000,
  runs: 3,
  others: 20_000,
  manyOthers: 100_000,
}
type Amounts = typeof full
const quick: Amounts = {
  backlog: 150,
  idle: 50,
  brownout: { count: 150, seconds: 25 },
  poisonRounds: 1,
  listed: 1_000,
  synced: 200,
  runs: 1,
  others: 0,
  manyOthers: 100_000,
}

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
  const amounts = args.quick ? quick : full
  const { backlog, idle, brownout, poisonRounds, listed, synced, runs, others, manyOthers } = amounts
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
  if (wanted('brownout')) {
    await row('brownout', () => measureBrownout(context, brownout.count, brownout.seconds))
  }
  if (wanted('poison')) await row('poison', () => measurePoison(context, poisonRounds))
  if (wanted('inventory')) await row('inventory', () => measureInventory(context, listed))
  if (wanted('restart', 'memory', 'cpu')) {
    await row('restart, memory and CPU', async () => {
      const alone = await runRestarts(context, synced, wanted('memory', 'cpu') ? runs : 1)
      return { ...restartFigures(alone), peakRssMiB: peakOf(alone) }
    })
  }
  // The other Secrets stay: the most of them come last.
  if (wanted('among') && others > 0) {
    await row(`memory among ${others.toLocaleString('en')} others`, async () => {
      await createNeighbours(context, others)
      return { peakRssAmong20kMiB: peakOf(await runRestarts(context, synced, runs)) }
    })
  }
  if (wanted('among100k')) {
    await row(`memory among ${manyOthers.toLocaleString('en')} others`, async () => {
      await createNeighbours(context, manyOthers - (wanted('among') ? others : 0))
      return { among100kMiB: peakOf(await runRestarts(context, synced, 1)) }
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
