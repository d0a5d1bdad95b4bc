import { beforeAll, describe, expect, it } from 'vitest'
import { createMaterial, type TestChain, type TestMaterial, testNow } from '../../../test/heart/material.ts'
import { blank, identity, observedOf, uploadedStatus, userAnnotations } from '../../../test/heart/observed.ts'
import type { Observed } from '../../contract/observe.ts'
import { copySuffix } from '../../contract/ownership.ts'
import { chainPrefix } from '../../contract/status.ts'
import { decide } from './decide.ts'
import type { ChainProgress, Decision, Memory } from './decision.ts'

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

type Status = Parameters<typeof uploadedStatus>[2]

/** A Secret that holds one chain while its status says that another one is uploaded. */
function changed(
  from: TestChain,
  to: TestChain,
  status: Status = {},
  settings: Parameters<typeof userAnnotations>[0] = {},
): Observed {
  return observedOf(to, { ...userAnnotations(settings), ...uploadedStatus(from, 'id-of-first', status) })
}

function decided(observed: Observed, memory: Partial<Memory> = {}): Decision {
  return decide(observed, { ...blank, ...memory }, identity, testNow)
}

function progress(chain: TestChain, steps: Omit<ChainProgress, 'chainFingerprint'>): Partial<Memory> {
  return { progress: { ...steps, chainFingerprint: chain.chainFingerprint } }
}

const owner = { cluster: identity.cluster, namespace: 'web', name: 'site' }
const upload = { kind: 'Upload', plain: false }

describe('another chain of the leaf on record', () => {
  const chainOnly = (status?: Status) => changed(material.first, material.firstAgain, status)

  it('is uploaded without a copy first: the service may compare by chain', () => {
    expect(decided(chainOnly())).toEqual(upload)
  })

  it('needs a copy when the service answered the same id: the intent is put on record', () => {
    expect(decided(chainOnly(), progress(material.firstAgain, { sameId: true }))).toEqual({ kind: 'Intend' })
  })

  it('is looked for under the alias of the copy before one is made', () => {
    const { firstAgain } = material
    const suffix = copySuffix(owner, firstAgain.chainFingerprint, false)
    const intended = chainOnly({ intent: firstAgain.chainFingerprint })
    const find = { kind: 'Find', search: { by: 'alias', suffix } }
    expect(decided(intended)).toEqual(find)
    expect(decided(intended, progress(firstAgain, { sameId: true, aliasAsked: false }))).toEqual(find)
    expect(decided(intended, progress(firstAgain, { aliasAsked: true }))).toEqual({
      ...upload,
      copySuffix: suffix,
    })
  })

  it('takes no step for what was found out about other chains', () => {
    const other = progress(material.first, { sameId: true, exists: true })
    expect(decided(chainOnly(), other)).toEqual(upload)
    const intended = chainOnly({ intent: material.firstAgain.chainFingerprint })
    expect(decided(intended, progress(material.first, { aliasAsked: true }))).toMatchObject({ kind: 'Find' })
  })

  it('minds no intent of another chain', () => {
    expect(decided(chainOnly({ intent: material.second.chainFingerprint }))).toEqual(upload)
  })

  it('minds no intent that was meant for another account', () => {
    const { firstAgain } = material
    const status = { account: 'other@ssl.example.com', intent: firstAgain.chainFingerprint }
    expect(decided(chainOnly(status))).toEqual(upload)
    expect(decided(chainOnly(status), progress(firstAgain, { sameId: true }))).toEqual(upload)
  })

  it('keeps its intent without cosmetics, and its suffix', () => {
    const { firstAgain } = material
    const intended = chainOnly({ intent: firstAgain.chainFingerprint })
    const memory = { ...progress(firstAgain, { aliasAsked: true }), plainInput: intended.input }
    expect(decided(intended, memory)).toMatchObject({ plain: true, copySuffix: expect.any(String) })
  })
})

describe('an earlier chain', () => {
  const previous = (chain: TestChain) => `older@${chainPrefix(chain.chainFingerprint)}`
  const rolledBack = () =>
    changed(material.firstAgain, material.first, { previousCertificateId: previous(material.first) })

  it('is asked for by its id first', () => {
    expect(decided(rolledBack())).toEqual({
      kind: 'Find',
      search: { by: 'previous', certificateId: 'older' },
    })
  })

  it('is uploaded when its id is gone', () => {
    expect(decided(rolledBack(), progress(material.first, { previousAsked: true }))).toEqual(upload)
  })

  it('of another leaf is uploaded: the answer names the id that is there', () => {
    const observed = changed(material.second, material.first, {
      previousCertificateId: previous(material.first),
    })
    expect(decided(observed)).toEqual(upload)
  })

  it('gets a copy when the answer named an id that holds yet another chain', () => {
    const observed = changed(material.second, material.first, { previousCertificateId: 'older@0123456789ab' })
    expect(decided(observed, progress(material.first, { sameId: true }))).toEqual({ kind: 'Intend' })
  })
})

describe('a certificate that the service says exists', () => {
  const exists = (more: Omit<ChainProgress, 'chainFingerprint'> = {}) =>
    progress(material.first, { exists: true, ...more })
  const observed = () => observedOf(material.first)

  it('is looked for by its chain where the site can', () => {
    expect(decided(observed(), exists())).toEqual({ kind: 'Find', search: { by: 'chain' } })
  })

  it('is looked for by our tags elsewhere, and where the search by chain is not served', () => {
    const byTags = { kind: 'Find', search: { by: 'tags' } }
    expect(decided(observed(), { ...exists(), canFindByChain: false })).toEqual(byTags)
    expect(decided(observed(), exists({ noChainSearch: true }))).toEqual(byTags)
  })

  it('is looked at before what the search by chain named is taken', () => {
    expect(decided(observed(), exists({ candidate: 'found' }))).toEqual({
      kind: 'Find',
      search: { by: 'candidate', certificateId: 'found' },
    })
  })

  it('gets a copy when what was found holds another chain', () => {
    const chainOnly = changed(material.first, material.firstAgain)
    const memory = progress(material.firstAgain, { exists: true, sameId: true })
    expect(decided(chainOnly, memory)).toEqual({ kind: 'Intend' })
  })
})

describe('a copy of its own', () => {
  const repeatable = { repeatable: 'true' }
  const own = () => copySuffix(owner, material.first.chainFingerprint, true)

  it('starts at the intent', () => {
    expect(decided(observedOf(material.first, userAnnotations(repeatable)))).toEqual({ kind: 'Intend' })
  })

  it('is looked for before it is made, whatever account the intent was written in', () => {
    const intent = material.first.chainFingerprint
    for (const account of [identity.account, 'other@ssl.example.com']) {
      const observed = changed(material.second, material.first, { intent, account }, repeatable)
      expect(decided(observed)).toEqual({ kind: 'Find', search: { by: 'alias', suffix: own() } })
      expect(decided(observed, progress(material.first, { aliasAsked: true }))).toEqual({
        ...upload,
        copySuffix: own(),
      })
    }
  })

  it('counts from the next chain when it is wanted later', () => {
    const { first } = material
    const uploaded = uploadedStatus(first, 'id-of-first')
    expect(decided(observedOf(first, { ...userAnnotations(repeatable), ...uploaded }))).toEqual({
      kind: 'Synced',
    })
    expect(decided(changed(first, material.second, {}, repeatable))).toEqual({ kind: 'Intend' })
  })

  it('that is wanted no more is none: what there is, is taken', () => {
    const intended = observedOf(material.first, {
      ...userAnnotations(),
      'status.tencent-cert-sync.io/intent': material.first.chainFingerprint,
    })
    expect(decided(intended)).toEqual(upload)
  })
})

describe('cosmetics that were refused', () => {
  it('are left out for the same input, and for no other', () => {
    const observed = observedOf(material.first)
    expect(decided(observed, { plainInput: observed.input })).toEqual({ kind: 'Upload', plain: true })
    const other = observedOf(material.first, userAnnotations({ alias: 'other' }))
    expect(decided(other, { plainInput: observed.input })).toEqual(upload)
  })
})
