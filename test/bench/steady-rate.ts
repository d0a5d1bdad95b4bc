import type { BenchContext } from './bench-world.ts'
import { BenchWorld } from './bench-world.ts'
import type { Figures } from './figures.ts'
import { ratePerSecond } from './statistics.ts'

/** Uploads within a second, as the service allows them. */
export const cap = 10
/** Calls left out at the start: the first ten, on cold connections, and those that are paced by what they showed. */
const warmUp = 75

/**
 * `count` new Secrets are there when the operator starts. The service takes 300 ms, requests arrive 0 to 20 ms late, and
 * an exact window of one second rejects the eleventh.
 */
export async function measureSteadyRate(context: BenchContext, count: number): Promise<Figures> {
  await using world = await BenchWorld.create(context)
  await world.simulator.fault({ kind: 'delay', action: 'UploadCertificate', ms: 300 })
  await world.simulator.fault({ kind: 'jitter', action: 'UploadCertificate', ms: 20 })
  await world.createMany(count)
  const operator = world.startOperator()
  await world.allSynced(count, operator)
  const calls = await world.simulator.calls('UploadCertificate')
  const arrivals = calls.filter((it) => it.result === 'Success').map((it) => it.arrivedMs)
  arrivals.sort((a, b) => a - b)
  return {
    capRatio: ratePerSecond(arrivals.slice(warmUp), cap) / cap,
    rejected: calls.filter((it) => it.result === 'LimitExceeded.RateLimitExceeded').length,
  }
}
