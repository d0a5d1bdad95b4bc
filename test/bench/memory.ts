import type { BenchContext } from './bench-world.ts'
import { createNeighbours } from './neighbours.ts'
import { type RestartRun, runRestart } from './restart.ts'
import { median } from './statistics.ts'

/** `times` runs of a first sync and a restart, alone in the cluster. */
export async function runAlone(context: BenchContext, count: number, times: number): Promise<RestartRun[]> {
  const runs: RestartRun[] = []
  while (runs.length < times) runs.push(await runRestart(context, count))
  return runs
}

/** The same among `others` TLS Secrets that nobody opted in. They stay. */
export async function runAmong(
  context: BenchContext,
  count: number,
  times: number,
  others: number,
): Promise<RestartRun[]> {
  await createNeighbours(context, others)
  return runAlone(context, count, times)
}

/** The middle peak of several runs, MiB. */
export function peakOf(runs: readonly RestartRun[]): number {
  return median(runs.map((run) => run.peakRssMiB))
}
