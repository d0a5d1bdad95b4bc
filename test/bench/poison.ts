import type { BenchContext } from './bench-world.ts'
import { BenchWorld } from './bench-world.ts'
import type { Figures } from './figures.ts'
import { inParallel } from './in-parallel.ts'
import { median } from './statistics.ts'

const poisoned = 50
const healthy = { count: 10, everyMs: 500 }
const action = 'UploadCertificate'

/**
 * The service answers `InternalError` to the certificates of 50 Secrets of one namespace, always. From the first such
 * answer on, ten healthy Secrets are created in another namespace, one every 500 ms: the lane is full of the poisoned for
 * the first five seconds. The figure is the middle of all Secrets of all rounds, from the API server's answer to the write
 * until a watch shows the id.
 */
export async function measurePoison(context: BenchContext, rounds: number): Promise<Figures> {
  const waits: number[] = []
  for (let round = 0; round < rounds; round++) waits.push(...(await waitsBeside(context)))
  return { poisonMs: median(waits) }
}

/** One round, with an operator that has seen no failure yet. How long each healthy Secret waited, ms. */
async function waitsBeside(context: BenchContext): Promise<number[]> {
  await using world = await BenchWorld.create(context)
  await createPoison(world)
  const chains = await Promise.all(
    Array.from({ length: healthy.count }, (_, index) => world.newChain(`healthy-${index}.example.com`)),
  )
  const operator = world.startOperator()
  await world.until('a poisoned Secret has failed', operator, async () => {
    return (await world.simulator.calls(action)).some((it) => it.result === 'InternalError')
  })
  context.progress.step('healthy Secrets beside the poisoned', 'Secrets', healthy.count)
  const begin = performance.now()
  return await Promise.all(
    chains.map(async (chain, index) => {
      const name = `healthy-${index}`
      const waitMs = Math.max(0, begin + index * healthy.everyMs - performance.now())
      await new Promise((resolve) => setTimeout(resolve, waitMs))
      const written = await world.create(name, chain)
      context.progress.update(index + 1)
      return (await world.readable(name, chain, operator)) - written
    }),
  )
}

async function createPoison(world: BenchWorld): Promise<void> {
  const namespace = await world.otherNamespace()
  await inParallel(poisoned, 8, async (index) => {
    const name = `poisoned-${index}`
    const chain = await world.newChain(`${name}.example.com`)
    for (const { fingerprint } of chain.chain.slice(0, 1)) {
      await world.simulator.fault({
        kind: 'error',
        action,
        code: 'InternalError',
        leafFingerprint: fingerprint,
      })
    }
    await world.create(name, chain, namespace)
  })
}
