import { expectTruth, limitedActions } from '../../../harness/invariants.ts'
import type { E2eWorld } from './e2e-world.ts'
import { hostOf } from './simulator-objects.ts'

/** `expectTruth` of a world on a cluster. */
export async function expectEverythingTrue(world: E2eWorld): Promise<void> {
  const { cloud, admin, namespaces, release } = world
  const most = limitedActions.map(async (it) => [it, await cloud.maxInAnySecond(it)] as const)
  const lists = await Promise.all(namespaces.map((it) => admin.listSecrets(it)))
  expectTruth({
    held: await cloud.certificates(),
    secrets: lists.flat().filter(({ type }) => type === 'kubernetes.io/tls'),
    account: `default@${hostOf(release.namespace)}`,
    maxInAnySecond: Object.fromEntries(await Promise.all(most)),
  })
}
