import { beforeAll, describe, expect, it } from 'vitest'
import { createMaterial, type TestChain, type TestMaterial } from '../../../test/heart/material.ts'
import { identity, observedOf, uploadedStatus, userAnnotations } from '../../../test/heart/observed.ts'
import { chainTag, copySuffix, ownerTags } from '../../contract/ownership.ts'
import { remoteCertificate } from '../../ledger/testing/remote-certificate.ts'
import type { Tag } from '../../ports/ssl-service.ts'
import {
  type Evidence,
  evidenceFor,
  hasLeafOf,
  holdsChain,
  isAnothersOwn,
  isRecordedForOtherChain,
  isRecordedForOtherLeaf,
  mayHoldChain,
} from './evidence.ts'
import { chainViewOf, ledgerWith, viewOf } from './testing/upload-view.ts'

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

const owner = { cluster: identity.cluster, namespace: 'web', name: 'site' }
const strict: Evidence = { cluster: identity.cluster, refused: 'Nothing', suffix: undefined }
const tagOf = ({ chainFingerprint, leaf }: TestChain) =>
  chainTag({ chainFingerprint, notBefore: leaf.notBefore.getTime() })
const tagged = (chain: TestChain, of = owner) =>
  remoteCertificate('id', { tags: [...ownerTags(of), tagOf(chain)] })

describe('a listed certificate', () => {
  it('holds the chain that its tags name, in this cluster, of whatever Secret and date', () => {
    const observed = observedOf(material.first)
    expect(holdsChain(tagged(material.first), observed, strict)).toBe(true)
    expect(holdsChain(tagged(material.first, { ...owner, name: 'other' }), observed, strict)).toBe(true)
    expect(holdsChain({ ...tagged(material.first), notAfter: 1 }, observed, strict)).toBe(true)
    expect(holdsChain(tagged(material.firstAgain), observed, strict)).toBe(false)
    expect(holdsChain({ ...tagged(material.first), type: 'CA' }, observed, strict)).toBe(false)
    expect(holdsChain(tagged(material.first, { ...owner, cluster: 'x' }), observed, strict)).toBe(false)
  })

  it('of another Secret is no copy of its own', () => {
    const observed = observedOf(material.first, userAnnotations({ repeatable: 'true' }))
    expect(holdsChain(tagged(material.first), observed, strict)).toBe(true)
    expect(holdsChain(tagged(material.first, { ...owner, name: 'other' }), observed, strict)).toBe(false)
  })

  it('without any tag proves nothing, unless tags are refused', () => {
    const observed = observedOf(material.first)
    const untagged = remoteCertificate('id', { alias: 'web/site' })
    expect(holdsChain(untagged, observed, strict)).toBe(false)
    expect(holdsChain(untagged, observed, { ...strict, refused: 'ChainTag' })).toBe(false)
    expect(holdsChain(untagged, observed, { ...strict, refused: 'Everything' })).toBe(true)
    const foreign = remoteCertificate('id', { tags: [{ key: 'team', value: 'x' }] })
    expect(holdsChain(foreign, observed, { ...strict, refused: 'Everything' })).toBe(false)
  })

  describe('with our tags and no chain tag, where that one is refused', () => {
    const refusing: Evidence = { ...strict, refused: 'ChainTag' }
    const suffix = '0123456789abcdef'
    const withSuffix: Evidence = { ...refusing, suffix }
    const of = (tags: readonly Tag[], alias = `web/site ${suffix}`) =>
      remoteCertificate('id', { tags, alias })
    const others = ownerTags({ ...owner, name: 'other' })

    it('holds the chain that its suffix tells: of whatever Secret, but a copy of its own of this one', () => {
      const observed = observedOf(material.first)
      expect(holdsChain(of(ownerTags(owner)), observed, withSuffix)).toBe(true)
      expect(holdsChain(of(others), observed, withSuffix)).toBe(true)
      const own = observedOf(material.first, userAnnotations({ repeatable: 'true' }))
      expect(holdsChain(of(ownerTags(owner)), own, withSuffix)).toBe(true)
      expect(holdsChain(of(others), own, withSuffix)).toBe(false)
    })

    it('proves nothing with another alias, of another cluster, with an odd chain tag, or while none is refused', () => {
      const observed = observedOf(material.first)
      expect(holdsChain(of(others, 'web/site'), observed, withSuffix)).toBe(false)
      expect(holdsChain(of(ownerTags({ ...owner, cluster: 'x' })), observed, withSuffix)).toBe(false)
      expect(holdsChain(of([{ key: 'team', value: 'x' }]), observed, withSuffix)).toBe(false)
      const odd = [...ownerTags(owner), { key: 'cert-sync/chain', value: 'odd' }]
      expect(holdsChain(of(odd), observed, withSuffix)).toBe(false)
      expect(holdsChain(of(ownerTags(owner)), observed, { ...withSuffix, refused: 'Nothing' })).toBe(false)
      expect(holdsChain(of(ownerTags(owner)), observed, { ...withSuffix, cluster: undefined })).toBe(false)
    })

    it('is a previous one only of its own Secret: the record of another is no proof', () => {
      const observed = observedOf(material.first)
      expect(holdsChain(of(ownerTags(owner), ''), observed, refusing)).toBe(true)
      expect(holdsChain(of(others, ''), observed, refusing)).toBe(false)
    })
  })

  it('is the own copy of another Secret where an upload, or its tags and alias, say so', () => {
    const view = chainViewOf(observedOf(material.first))
    const { chainFingerprint } = material.first
    const other = { ...owner, name: 'other' }
    const copyOf = (of: typeof owner, own = true) => ({
      ...tagged(material.first, of),
      alias: `x ${copySuffix(of, chainFingerprint, own)}`,
    })
    expect(isAnothersOwn(copyOf(other), view)).toBe(true)
    expect(isAnothersOwn(copyOf({ ...owner, cluster: 'x' }), view)).toBe(true)
    expect(isAnothersOwn(copyOf(owner), view)).toBe(false)
    expect(isAnothersOwn(copyOf(other, false), view)).toBe(false)
    expect(isAnothersOwn(tagged(material.first, other), view)).toBe(false)
    const ledger = ledgerWith(material.first, 'id', { by: 'web/other', own: true })
    expect(isAnothersOwn(remoteCertificate('id'), { ...view, ledger })).toBe(true)
  })

  it('that the service named may hold the chain, unless its tag names another one', () => {
    const observed = observedOf(material.first)
    expect(mayHoldChain(remoteCertificate('id'), observed, undefined)).toBe(true)
    expect(mayHoldChain(tagged(material.first), observed, undefined)).toBe(true)
    expect(mayHoldChain(tagged(material.firstAgain), observed, undefined)).toBe(false)
    expect(hasLeafOf(tagged(material.firstAgain), observed)).toBe(true)
    expect(hasLeafOf(remoteCertificate('id'), observed)).toBe(false)
  })

  it('is of another leaf where the record says so, although both begin in the same second', () => {
    const renewed = observedOf(material.second, uploadedStatus(material.first, 'id'))
    const same = observedOf(material.firstAgain, uploadedStatus(material.first, 'id'))
    expect(isRecordedForOtherLeaf(remoteCertificate('id'), renewed)).toBe(true)
    expect(isRecordedForOtherLeaf(remoteCertificate('other'), renewed)).toBe(false)
    expect(isRecordedForOtherLeaf(remoteCertificate('id'), same)).toBe(false)
  })
})

const lookup = { name: 'DescribeCertificates', purpose: 'Copy', query: { by: 'ids', ids: [] } } as const

it('what may be taken for proof is less strict where everything cosmetic was refused, for this input alone', () => {
  const view = viewOf(observedOf(material.first))
  const refused = { input: view.observed.input, rung: 'Everything', code: 'x' } as const
  expect(evidenceFor(view, {}, lookup)).toEqual(strict)
  expect(evidenceFor(view, { refused }, lookup).refused).toBe('Everything')
  expect(evidenceFor(view, { refused: { ...refused, input: 'other' } }, lookup).refused).toBe('Nothing')
  expect(evidenceFor(view, { refused: { ...refused, rung: 'Settings' } }, lookup).refused).toBe('Nothing')
})

it('an id is on record for another chain only where that has the same leaf, or as a previous one', () => {
  const { first, firstAgain, second } = material
  const status = (previousCertificateId?: string) =>
    observedOf(first, uploadedStatus(first, 'id', previousCertificateId ? { previousCertificateId } : {}))
      .status
  const chainOf = (chain: TestChain) => {
    const found = observedOf(chain).material.chain
    if (!found) throw new Error('there is a chain')
    return found
  }
  expect(isRecordedForOtherChain(status(), 'id', chainOf(firstAgain))).toBe(true)
  expect(isRecordedForOtherChain(status(), 'id', chainOf(first))).toBe(false)
  expect(isRecordedForOtherChain(status(), 'id', chainOf(second))).toBe(false)
  expect(isRecordedForOtherChain(status('older@0123456789ab'), 'older', chainOf(first))).toBe(true)
  expect(isRecordedForOtherChain(status(), 'unknown', chainOf(firstAgain))).toBe(false)
})
