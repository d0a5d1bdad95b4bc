import { describe, expect, it } from 'vitest'
import { statusKeys } from '../../src/contract/annotation-keys.ts'
import type { StoredCertificate } from './account.ts'
import { chains } from './chains.ts'
import { explore } from './explorer.ts'
import { violationsOf } from './invariants.ts'
import { profileNamed } from './profiles.ts'
import { keys, newWorld, secretOf, type World, withSecret } from './small-world.ts'

const [{ chainFingerprint: chain, fingerprint: leaf }] = chains
const [key = ''] = keys
const empty = newWorld(profileNamed('leaf'), [0, 0])

function stored(id: string, more: Partial<StoredCertificate> = {}): StoredCertificate {
  return { id, leaf, chain, alias: '', tags: [], storedAt: 0, deleted: false, excused: false, ...more }
}

/** The first Secret's status says so, and that it is synced. */
function saying(world: World, status: Partial<Record<keyof typeof statusKeys, string>>): World {
  const claim = { account: 'default@ssl.example.com', fingerprint: leaf, chainFingerprint: chain, ...status }
  const written = Object.entries(claim).map(([name, value]) => [
    statusKeys[name as keyof typeof statusKeys],
    value,
  ])
  const annotations = { ...secretOf(world, key).annotations, ...Object.fromEntries(written) }
  return withSecret(world, key, { annotations })
}

describe('a state is wrong where', () => {
  it('two certificates hold one chain, unless one is deleted or could not be called back', () => {
    const world = (...account: StoredCertificate[]) => ({ ...empty, account })
    expect(violationsOf(world(stored('a'), stored('b')))).toEqual(['I1: 2 certificates of one chain'])
    expect(violationsOf(world(stored('a'), stored('b', { deleted: true })))).toEqual([])
    expect(violationsOf(world(stored('a'), stored('b', { excused: true })))).toEqual([])
  })

  it('a status names an id that never existed, or that holds something else', () => {
    const synced = { certificateId: 'a', phase: 'Synced', reason: 'CertificateUploaded', message: 'It is.' }
    expect(violationsOf(saying(empty, synced))).toEqual(['I6: the id on record never existed'])
    const other = { ...empty, account: [stored('a', { leaf: 'another' })] }
    expect(violationsOf(saying(other, synced))).toEqual(['I6: the id on record holds another leaf'])
    const otherChain = { ...empty, account: [stored('a', { chain: chains[1].chainFingerprint })] }
    expect(violationsOf(saying(otherChain, { ...synced, origin: 'Uploaded' }))).toEqual([
      'I6: the id on record is said to be uploaded with a chain that it does not hold',
    ])
  })

  it('a failure has no reason', () => {
    expect(violationsOf(saying(empty, { phase: 'Failed' }))).toEqual(['I7: Failed without a reason'])
  })
})

it('a state without a way on is found, with a shortest sequence that leads there', async () => {
  const { violations } = await explore({ ...profileNamed('leaf-refused'), mayStay: [] }, { events: 0 })
  expect(violations).toContainEqual({
    problem: 'no way on: stays with Synced/CertificateUploaded and Failed/ExistsElsewhere',
    moves: ['the Secrets hold chains 0 and 1'],
  })
})
