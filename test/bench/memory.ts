import type { BenchContext } from './bench-world.ts'
import { type RestartRun, runRestart } from './restart.ts'
import { median } from './statistics.ts'

/** `times` runs of a first sync and a restart. */
export async function runRestarts(
  context: BenchContext,
  count: number,
  times: number,
): Promise<RestartRun[]> {
  const runs: RestartRun[] = []
  while (runs.length < times) runs.push(await runRestart(context, count))
  return runs
}

/** The middle peak of several runs, MiB. */
export function peakOf(runs: readonly RestartRun[]): number {
  return median(runs.map((run) => run.peakRssMiB))
}
