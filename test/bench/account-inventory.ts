import { createHash } from 'node:crypto'
import { chainTag, ownerTags } from '../../src/contract/ownership.ts'
import type { BenchContext } from './bench-world.ts'
import { BenchWorld, clusterName } from './bench-world.ts'
import type { Figures } from './figures.ts'
import { inParallel } from './in-parallel.ts'

/**
 * The account holds `count` certificates with the tags of this cluster, of as many Secrets and chains, and the cluster has no
 * Secrets. Measured from the start of the operator until the metrics show the first complete inventory, and in calls
 * of DescribeCertificates.
 */
export async function measureInventory(context: BenchContext, count: number): Promise<Figures> {
  await using world = await BenchWorld.create(context)
  await fillAccount(world, context, count)
  const operator = await world.startOperator().ready()
  const isLeading = () => operator.metric('tencent_cert_sync_leader')
  await world.until('the operator leads', operator, async () => (await isLeading()) === 1)
  const begin = performance.now()
  context.progress.say('waiting for the first inventory')
  await world.until('the first inventory is complete', operator, async () => {
    return (await operator.metric('tencent_cert_sync_account_certificates')) === count
  })
  const inventoryMs = performance.now() - begin
  return { inventoryMs, inventoryCalls: (await world.simulator.calls('DescribeCertificates')).length }
}

/** The same certificate every time, as the listing does not show it; what is listed is each another's. */
async function fillAccount(world: BenchWorld, { progress }: BenchContext, count: number): Promise<void> {
  const { chain } = await world.newChain('account.example.com')
  const certificate = chain.map((it) => it.certificatePem).join('')
  progress.step('filling the account', 'certificates', count)
  let done = 0
  await inParallel(count, 16, async (index) => {
    const name = `site-${index}`
    const owner = { cluster: clusterName, namespace: 'elsewhere', name }
    const chainFingerprint = `SVR:${createHash('sha256').update(name).digest('hex')}`
    const tags = [...ownerTags(owner), chainTag({ chainFingerprint, notBefore: Date.now() })]
    await world.simulator.addCertificate({
      certificate,
      alias: `elsewhere/${name}`,
      tags: tags.map(({ key, value }) => ({ TagKey: key, TagValue: value })),
    })
    progress.update(++done)
  })
  progress.stop()
}
