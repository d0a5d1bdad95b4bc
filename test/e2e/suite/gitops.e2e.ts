import { expect, test } from 'vitest'
import { statusKeys, userKeys } from '../../../src/contract/annotation-keys.ts'
import { chainFingerprint, createLeaf } from '../../fixtures/certificates.ts'
import { dataOf } from '../../harness/world.ts'
import { reportFigure } from './harness/figures.ts'
import { SecretHistory } from './harness/secret-history.ts'
import { useWorld } from './harness/use-world.ts'

const world = useWorld('gitops')
const minuteMs = 60_000

/** What a GitOps tool has in git: the Secret as somebody once exported it, the status of those days included. */
const stale = {
  [userKeys.upload]: 'true',
  [statusKeys.certificateId]: 'StaleId1',
  [statusKeys.account]: 'default@elsewhere.example.com',
  [statusKeys.fingerprint]: '0'.repeat(64),
  [statusKeys.chainFingerprint]: `SVR:${'0'.repeat(64)}`,
  [statusKeys.phase]: 'Synced',
}

test('self-heal every two seconds for a minute: at most ten writes by us, then the true id within a minute', async () => {
  const { admin, namespace, cloud, kubeconfig } = world()
  const leaf = await createLeaf({ commonName: 'healed.example.com' })
  const spec = { chain: [leaf] }
  await world().createSecret('healed', spec)
  const { uploaded } = await world().eventuallySynced('healed')
  expect(uploaded?.chainFingerprint).toBe(chainFingerprint('SVR', leaf))

  const seen = new SecretHistory(kubeconfig, namespace, 'healed')
  try {
    const applied = { annotations: stale, data: dataOf(spec) }
    const start = performance.now()
    for (let round = 0; round * 2_000 < minuteMs; round++) {
      const due = start + round * 2_000
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
      await admin.applySecret(namespace, 'healed', applied, { fieldManager: 'gitops' })
    }
    const idOf = ({ annotations }: (typeof seen.states)[number]) => annotations[statusKeys.certificateId]
    const ours = () =>
      seen.states.filter(
        (state, index) => index > 0 && idOf(state) !== 'StaleId1' && state.annotations[statusKeys.phase],
      )
    expect(seen.states.filter((state) => idOf(state) === 'StaleId1').length).toBeGreaterThan(1)
    expect(ours().length).toBeGreaterThan(0)
    expect(ours().length).toBeLessThanOrEqual(10)
    reportFigure('status writes during a minute of self-heal every 2 s', String(ours().length))

    const stopped = performance.now()
    const after = await world().eventuallyStatus(
      'healed',
      'has its true id again',
      (status) => status.phase === 'Synced' && status.uploaded?.certificateId === uploaded?.certificateId,
      { timeoutMs: minuteMs },
    )
    reportFigure('true id after self-heal stopped', `${((performance.now() - stopped) / 1_000).toFixed(1)} s`)
    expect(after.uploaded).toEqual(uploaded)
  } finally {
    await seen.close()
  }
  expect(await cloud.certificates()).toHaveLength(1)
})
