import { seededRandom } from '../simulator/random.ts'
import type { BenchContext } from './bench-world.ts'
import { BenchWorld } from './bench-world.ts'
import type { Figures } from './figures.ts'
import { cap } from './steady-rate.ts'

const failing = { probability: 2 / 3, seed: 1 }

/**
 * Two of three uploads fail at random, with an error that the operator retries. `count` new Secrets are there when it
 * starts: more than can be uploaded within `seconds`, which count from the arrival of the first call. The service takes
 * 300 ms. The possible is what succeeds of the calls that fit under the cap.
 */
export async function measureBrownout(
  context: BenchContext,
  count: number,
  seconds: number,
): Promise<Figures> {
  await using world = await BenchWorld.create(context)
  const action = 'UploadCertificate'
  await world.simulator.fault({ kind: 'delay', action, ms: 300 })
  await world.simulator.fault({ kind: 'error', action, code: 'InternalError', ...failing })
  await world.createMany(count)
  const operator = world.startOperator()
  const calls = () => world.simulator.calls(action)
  await world.until('the first upload arrives', operator, async () => (await calls()).length > 0)

  context.progress.step('the service fails', 'seconds', seconds)
  const begin = performance.now()
  await world.until('the time is over', operator, () => {
    const passed = (performance.now() - begin) / 1_000
    context.progress.update(Math.min(seconds, Math.floor(passed)))
    // The last calls that count have to be answered.
    return passed > seconds + 1
  })
  context.progress.stop()
  const all = await calls()
  const until = (all[0]?.arrivedMs ?? Number.NaN) + seconds * 1_000
  const uploaded = all.filter((it) => it.result === 'Success' && it.arrivedMs < until)
  return { brownoutGoodput: uploaded.length / possible(cap * seconds) }
}

/** How many of the first `calls` calls do not fail. */
export function possible(calls: number): number {
  const random = seededRandom(failing.seed)
  return Array.from({ length: calls }, random).filter((it) => it >= failing.probability).length
}
