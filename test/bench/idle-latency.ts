import type { BenchContext } from './bench-world.ts'
import { BenchWorld } from './bench-world.ts'
import type { Figures } from './figures.ts'
import { medianHops } from './idle-hops.ts'
import { percentile } from './statistics.ts'

const everyMs = 200

/**
 * An idle operator, a service that answers at once, and a new Secret every 200 ms. Measured from the API server's answer
 * to the write until a watch shows the id. Where the time went is said on stderr, hop by hop.
 */
export async function measureIdleLatency(context: BenchContext, count: number): Promise<Figures> {
  await using world = await BenchWorld.create(context)
  const chains = await Promise.all(
    Array.from({ length: count }, (_, index) => world.newChain(`idle-${index}.example.com`)),
  )
  const operator = await world.startOperator().ready()
  // The connections are made, and the lane is open, when the first id is there.
  const warmUp = await world.newChain('warm-up.example.com')
  await world.create('warm-up', warmUp)
  await world.readable('warm-up', warmUp, operator)

  context.progress.step('one Secret after the other', 'Secrets', count)
  const begin = performance.now()
  const syncs = await Promise.all(
    chains.map(async (chain, index) => {
      const name = `idle-${index}`
      const waitMs = Math.max(0, begin + index * everyMs - performance.now())
      await new Promise((resolve) => setTimeout(resolve, waitMs))
      const written = await world.create(name, chain)
      context.progress.update(index + 1)
      return { name, written, readable: await world.readable(name, chain, operator) }
    }),
  )
  for (const [hop, ms] of await medianHops(world, syncs)) {
    context.progress.say(`${ms.toFixed(1).padStart(8)} ms  ${hop}`)
  }
  const latencies = syncs.map(({ written, readable }) => readable - written)
  return { latencyP50Ms: percentile(latencies, 0.5), latencyP99Ms: percentile(latencies, 0.99) }
}
