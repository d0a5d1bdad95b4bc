import { writes } from '../control-plane/audit.ts'
import type { BenchContext } from './bench-world.ts'
import { BenchWorld } from './bench-world.ts'
import { cpuTimeMs } from './cpu-time.ts'
import type { Figures } from './figures.ts'
import { peakRssMiB } from './resident-memory.ts'
import { median } from './statistics.ts'

/** A first sync and a restart, as one run saw them. */
export type RestartRun = Required<
  Pick<
    Figures,
    | 'readyMs'
    | 'settledMs'
    | 'restartUploads'
    | 'restartWrites'
    | 'restartGets'
    | 'peakRssMiB'
    | 'cpuPerSecretMs'
  >
>

/** As often as Prometheus looks at an operator. */
const scrapeEveryMs = 15_000
/** Slow is not broken. */
const readyWithinMs = 120_000
/** What a restart should not do may come a little later. */
const quietMs = 3_000

/**
 * `count` new Secrets are synced, with the metrics read every 15 s; then the operator is stopped and started again.
 * Times count from the start of the process. The memory is the larger peak of both processes. The CPU time is that of
 * the first process, from its start until every id is there.
 */
export async function runRestart(context: BenchContext, count: number): Promise<RestartRun> {
  await using world = await BenchWorld.create(context)
  await world.createMany(count)
  const first = world.startOperator()
  const scraping = setInterval(() => first.metrics().catch(() => {}), scrapeEveryMs)
  try {
    await world.allSynced(count, first)
  } finally {
    clearInterval(scraping)
  }
  const cpuPerSecretMs = cpuTimeMs(first.pid) / count
  const firstPeak = peakRssMiB(first.pid)
  await first.stop()
  const before = await counts(world)

  const start = performance.now()
  const second = world.startOperator()
  await second.ready(readyWithinMs)
  const readyMs = performance.now() - start
  // Looking at the metrics costs the operator time: not before it has read as much as it may.
  const gets = async () => (await world.requests('get', 'secrets')) - before.restartGets
  await world.until('everything is read again', second, async () => (await gets()) >= count)
  await world.until('everything is decided again', second, async () => {
    return (await second.metric('tencent_cert_sync_reconcile_total', { step: 'Synced' })) >= count
  })
  const settledMs = performance.now() - start
  await new Promise((resolve) => setTimeout(resolve, quietMs))
  const after = await counts(world)
  return {
    readyMs,
    settledMs,
    restartUploads: after.restartUploads - before.restartUploads,
    restartWrites: after.restartWrites - before.restartWrites,
    restartGets: after.restartGets - before.restartGets,
    peakRssMiB: Math.max(firstPeak, peakRssMiB(second.pid)),
    cpuPerSecretMs,
  }
}

/** What several runs say: the middle of the times, the most of what is counted. */
export function restartFigures(runs: readonly RestartRun[]): Figures {
  const most = (key: keyof RestartRun) => Math.max(...runs.map((run) => run[key]))
  return {
    readyMs: median(runs.map((run) => run.readyMs)),
    settledMs: median(runs.map((run) => run.settledMs)),
    restartUploads: most('restartUploads'),
    restartWrites: most('restartWrites'),
    restartGets: most('restartGets'),
    cpuPerSecretMs: median(runs.map((run) => run.cpuPerSecretMs)),
  }
}

async function counts(world: BenchWorld) {
  return {
    restartUploads: (await world.simulator.calls('UploadCertificate')).length,
    restartWrites: await world.requests(writes),
    restartGets: await world.requests('get', 'secrets'),
  }
}
