import type { BenchContext } from './bench-world.ts'
import { BenchWorld } from './bench-world.ts'
import type { Figures } from './figures.ts'

const serviceMs = 300
const samples = 5
/** Uploads that may go out while the samples are taken, so that the backlog stays as large as it was promised. */
const spare = 100

/**
 * Certificates that expire in three days are renewed, one after the other, while `backlog` new ones wait for a slot.
 * The figure is the slowest of them, from the answer to the write until the id is seen, less one service time.
 */
export async function measureUrgent(context: BenchContext, backlog: number): Promise<Figures> {
  await using world = await BenchWorld.create(context)
  const names = Array.from({ length: samples }, (_, index) => `urgent-${index}`)
  for (const name of names) {
    const notAfter = new Date(Date.now() + 3 * 86_400_000)
    await world.create(name, await world.newChain(`${name}.example.com`, { notAfter }))
  }
  const first = world.startOperator()
  await world.allSynced(samples, first)
  await first.stop()

  await world.simulator.fault({ kind: 'delay', action: 'UploadCertificate', ms: serviceMs })
  await world.createMany(backlog + spare)
  const operator = world.startOperator()
  await world.until(`${backlog} Secrets wait`, operator, async () => {
    return (await operator.metric('tencent_cert_sync_queue_depth', { queue: 'UploadCertificate' })) >= backlog
  })
  const waits: number[] = []
  for (const name of names) {
    const chain = await world.newChain(`${name}.example.com`)
    const written = await world.renew(name, chain)
    waits.push((await world.readable(name, chain, operator)) - written)
  }
  return { urgentMs: Math.max(...waits) - serviceMs }
}
