import { beforeAll, describe, expect, it } from 'vitest'
import { createMaterial, type TestChain, type TestMaterial } from '../../../test/heart/material.ts'
import { identity, observedOf, uploadedStatus, userAnnotations } from '../../../test/heart/observed.ts'
import { chainTag, ownerTags } from '../../contract/ownership.ts'
import { remoteCertificate } from '../../ledger/testing/remote-certificate.ts'
import { evidenceFor, hasLeafOf, holdsChain, isRecordedForOtherChain, mayHoldChain } from './evidence.ts'
import { viewOf } from './testing/upload-view.ts'

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

const owner = { cluster: identity.cluster, namespace: 'web', name: 'site' }
const strict = { cluster: identity.cluster, refusesTags: false, suffix: undefined }
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
    expect(holdsChain(untagged, observed, { ...strict, refusesTags: true })).toBe(true)
    const foreign = remoteCertificate('id', { tags: [{ key: 'team', value: 'x' }] })
    expect(holdsChain(foreign, observed, { ...strict, refusesTags: true })).toBe(false)
  })

  it('that the service named may hold the chain, unless its tag names another one', () => {
    const observed = observedOf(material.first)
    expect(mayHoldChain(remoteCertificate('id'), observed, undefined)).toBe(true)
    expect(mayHoldChain(tagged(material.first), observed, undefined)).toBe(true)
    expect(mayHoldChain(tagged(material.firstAgain), observed, undefined)).toBe(false)
    expect(hasLeafOf(tagged(material.firstAgain), observed)).toBe(true)
    expect(hasLeafOf(remoteCertificate('id'), observed)).toBe(false)
  })
})

const lookUp = { name: 'DescribeCertificates', purpose: 'Copy', query: { by: 'ids', ids: [] } } as const

it('what may be taken for proof is less strict where everything cosmetic was refused, for this input alone', () => {
  const view = viewOf(observedOf(material.first))
  const refused = { input: view.observed.input, rung: 'Everything', code: 'x' } as const
  expect(evidenceFor(view, {}, lookUp)).toEqual(strict)
  expect(evidenceFor(view, { refused }, lookUp).refusesTags).toBe(true)
  expect(evidenceFor(view, { refused: { ...refused, input: 'other' } }, lookUp).refusesTags).toBe(false)
  expect(evidenceFor(view, { refused: { ...refused, rung: 'Settings' } }, lookUp).refusesTags).toBe(false)
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
