import { beforeAll, describe, expect, it } from 'vitest'
import { createMaterial, type TestChain, type TestMaterial } from '../../../test/heart/material.ts'
import { identity, observedOf, uploadedStatus, userAnnotations } from '../../../test/heart/observed.ts'
import { statusKeys } from '../../contract/annotation-keys.ts'
import type { Observed } from '../../contract/observe.ts'
import { chainTag, copySuffix, ownerTags } from '../../contract/ownership.ts'
import { chainPrefix } from '../../contract/status.ts'
import type { Instant, Step } from '../../engine/step.ts'
import { Ledger } from '../../ledger/ledger.ts'
import { findGone } from '../../ledger/testing/find-gone.ts'
import { remoteCertificate } from '../../ledger/testing/remote-certificate.ts'
import { blankMemory, type ChainProgress, type UploadMemory } from './memory.ts'
import { next } from './next.ts'
import { later, ledgerWith, now, plainUpload, viewOf } from './testing/upload-view.ts'
import type { UploadView } from './view.ts'

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

type Status = Parameters<typeof uploadedStatus>[2]
type View = Partial<UploadView> & { readonly ledger?: Ledger }

/** A Secret that holds one chain while its status says that another one is uploaded. */
function changed(
  from: TestChain,
  to: TestChain,
  status: Status = {},
  settings: Parameters<typeof userAnnotations>[0] = {},
): Observed {
  return observedOf(to, { ...userAnnotations(settings), ...uploadedStatus(from, 'id-of-first', status) })
}

function step(observed: Observed, memory: UploadMemory = {}, view: View = {}, at: Instant = now): Step {
  return next(viewOf(observed, view), { ...blankMemory, ...memory }, at)
}

function progress(chain: TestChain, steps: Omit<ChainProgress, 'chainFingerprint'>): UploadMemory {
  return { progress: { ...steps, chainFingerprint: chain.chainFingerprint } }
}

function intent(chain: TestChain): Step {
  const slice = { [statusKeys.intent]: chain.chainFingerprint }
  return { kind: 'WriteFirst', label: 'Intend', slice }
}

const owner = { cluster: identity.cluster, namespace: 'web', name: 'site' }
const plain = { kind: 'Call', action: { name: 'UploadCertificate', rung: 'Nothing' } }
const lookup = (purpose: string, query: object) => ({
  kind: 'Call',
  action: { name: 'DescribeCertificates', purpose, query },
})

describe('another chain of the leaf on record', () => {
  const chainOnly = (status?: Status) => changed(material.first, material.firstAgain, status)
  const looked = (more: Partial<NonNullable<ChainProgress['noCopy']>> = {}) => {
    const noCopy = { since: now.elapsed, at: now.elapsed, epoch: 0, ...more }
    return progress(material.firstAgain, { noChainTag: true, noCopy })
  }
  const forAMinute = { since: now.elapsed - 60_000 }

  it('is uploaded without a copy first: the service may compare by chain', () => {
    const first = step(chainOnly())
    expect(first).toMatchObject(plain)
    expect(first).not.toHaveProperty('action.copy')
  })

  it('asks what the id that was answered holds, where nothing says so', () => {
    const memory = progress(material.firstAgain, { sameLeafId: 'x' })
    expect(step(chainOnly(), memory)).toMatchObject(lookup('SameLeaf', { by: 'ids', ids: ['x'] }))
  })

  it('needs a copy when the answered id does not hold it: the intent is put on record', () => {
    const { firstAgain, first } = material
    const asked = progress(firstAgain, { sameLeafId: 'x', sameLeafAsked: true })
    expect(step(chainOnly(), asked)).toEqual(intent(firstAgain))
    const ledger = ledgerWith(first, 'x')
    expect(step(chainOnly(), progress(firstAgain, { sameLeafId: 'x' }), { ledger })).toEqual(
      intent(firstAgain),
    )
  })

  it('is looked for until it must be listed, before it is sent where another process may have made one', () => {
    const { firstAgain } = material
    const suffix = copySuffix(owner, firstAgain.chainFingerprint, false)
    const intended = chainOnly({ intent: firstAgain.chainFingerprint })
    const find = lookup('Copy', { by: 'alias', alias: suffix, offset: 0 })
    const byTag = step(intended)
    expect(byTag).toMatchObject({ action: { purpose: 'Exists', query: { by: 'tags', offset: 0 } } })
    expect(step(intended, progress(firstAgain, { noChainTag: true }))).toMatchObject(find)
    const wait = { kind: 'Wait', label: 'CopyMayAppear' }
    expect(step(intended, looked())).toMatchObject({ ...wait, until: now.elapsed + 10_000 })
    expect(step(intended, looked(), {}, later(10_000))).toMatchObject(find)
    const twice = looked({ at: now.elapsed + 10_000 })
    expect(step(intended, twice, {}, later(10_000))).toMatchObject({ ...wait, until: now.elapsed + 60_000 })
    expect(step(intended, twice, {}, later(60_000))).toMatchObject(find)
    const sent = step(intended, looked(forAMinute))
    expect(sent).toMatchObject({ ...plain, action: { suffix } })
    // The service is asked for what is there first.
    expect(sent).not.toHaveProperty('action.copy')
  })

  it('is looked for anew when a search is ten minutes old', () => {
    const intended = chainOnly({ intent: material.firstAgain.chainFingerprint })
    expect(step(intended, looked(forAMinute), {}, later(10 * 60_000))).toMatchObject(plain)
    expect(step(intended, looked(forAMinute), {}, later(10 * 60_000 + 1))).toMatchObject({
      action: { purpose: 'Copy' },
    })
  })

  it('is looked for once where this process wrote the intent and every call was answered', () => {
    const { chainFingerprint: intended } = material.firstAgain
    const observed = chainOnly({ intent: intended })
    const sent = { action: { suffix: expect.any(String) } }
    expect(step(observed, { ...looked(), intended })).toMatchObject(sent)
    const ledger = new Ledger()
    const suffix = copySuffix(owner, intended, false)
    ledger.copies.begins(suffix, now.elapsed)
    ledger.copies.answered(suffix)
    expect(step(observed, { ...looked({ epoch: 1 }), intended }, { ledger })).toMatchObject(sent)
  })

  it('is looked for until a minute after a call that got no answer, and not longer', () => {
    const { chainFingerprint: intended } = material.firstAgain
    const observed = chainOnly({ intent: intended })
    const ledger = new Ledger()
    const suffix = copySuffix(owner, intended, false)
    ledger.copies.begins(suffix, now.elapsed - 30_000)
    ledger.copies.lost(suffix, now.elapsed)
    // Searches of before the call count for nothing.
    expect(step(observed, { ...looked(), intended }, { ledger })).toMatchObject({
      action: { purpose: 'Copy' },
    })
    const stepAfter = (searchedMs: number) =>
      step(
        observed,
        { ...looked({ at: now.elapsed + searchedMs, epoch: 1 }), intended },
        { ledger },
        later(searchedMs),
      )
    expect(stepAfter(0)).toMatchObject({ label: 'CopyMayAppear', until: now.elapsed + 10_000 })
    expect(stepAfter(59_999)).toMatchObject({ label: 'CopyMayAppear', until: now.elapsed + 60_000 })
    expect(stepAfter(60_000)).toMatchObject({ action: { suffix } })
  })

  it('is looked for page by page', () => {
    const observed = chainOnly({ intent: material.firstAgain.chainFingerprint })
    const memory = progress(material.firstAgain, { offset: 500 })
    expect(step(observed, memory)).toMatchObject({ action: { query: { offset: 500 } } })
  })

  it('takes no step for what was found out about other chains', () => {
    const other = progress(material.first, { sameLeafId: 'x', exists: true })
    expect(step(chainOnly(), other)).toMatchObject(plain)
    const intended = chainOnly({ intent: material.firstAgain.chainFingerprint })
    const lookedForOther = progress(material.first, {
      noChainTag: true,
      noCopy: { since: -60_000, at: 0, epoch: 0 },
    })
    expect(step(intended, lookedForOther)).toMatchObject({ action: { purpose: 'Exists' } })
  })

  it('minds no intent of another chain', () => {
    expect(step(chainOnly({ intent: material.second.chainFingerprint }))).toMatchObject(plain)
  })

  it('minds no intent that was meant for another account', () => {
    const { firstAgain } = material
    const status = { account: 'other@ssl.example.com', intent: firstAgain.chainFingerprint }
    expect(step(chainOnly(status))).toMatchObject(plain)
  })

  it('keeps its suffix where its cosmetics were refused', () => {
    const { firstAgain } = material
    const intended = chainOnly({ intent: firstAgain.chainFingerprint })
    const refused = { input: intended.input, rung: 'Settings', code: 'x' } as const
    expect(step(intended, { ...looked(forAMinute), refused })).toMatchObject({
      action: { rung: 'Settings', suffix: expect.any(String) },
    })
  })

  describe('beside one that the service named', () => {
    const named = (more: Omit<ChainProgress, 'chainFingerprint'> = {}): UploadMemory => ({
      ...progress(material.firstAgain, {
        noChainTag: true,
        noCopy: { since: now.elapsed - 60_000, at: now.elapsed, epoch: 0 },
        sameLeafId: 'x',
        sameLeafAsked: true,
        ...more,
      }),
    })
    const intended = () => chainOnly({ intent: material.firstAgain.chainFingerprint })
    const look = lookup('SameLeaf', { by: 'ids', ids: ['x'] })
    const lookedAt = (at: number, since = now.elapsed) => ({ namedLook: { id: 'x', since, at } })
    const shown = () => {
      const ledger = new Ledger()
      ledger.learnListed(remoteCertificate('x'), now.elapsed)
      return { ledger }
    }

    it('is copied when a lookup shows that one, not longer than ten minutes ago', () => {
      expect(step(intended(), named(), shown())).toMatchObject(look)
      const copy = { ...plain, action: { copy: true } }
      expect(step(intended(), named(lookedAt(now.elapsed)), shown())).toMatchObject(copy)
      expect(step(intended(), named(lookedAt(now.elapsed)), shown(), later(10 * 60_000 + 1))).toMatchObject(
        look,
      )
    })

    it('waits while lookups do not show that one: for seconds at first, then for minutes with a status', () => {
      const first = step(intended(), named(lookedAt(now.elapsed)))
      expect(first).toMatchObject({ label: 'MayBeListedLate', until: now.elapsed + 10_000 })
      expect(first).not.toHaveProperty('meanwhile')
      expect(step(intended(), named(lookedAt(now.elapsed)), {}, later(10_000))).toMatchObject(look)
      const at = now.elapsed + 60_000
      expect(step(intended(), named(lookedAt(at)), {}, later(60_000))).toMatchObject({
        label: 'NotVisible',
        until: at + 10 * 60_000,
        meanwhile: { phase: 'Failed', reason: 'NotVisible' },
      })
    })

    it('asks the service after an hour whether it still has that one', () => {
      const asks = step(intended(), named(lookedAt(now.elapsed + 3_600_000)), {}, later(3_600_001))
      expect(asks).toMatchObject({ action: { purpose: 'Copy' } })
      const at = now.elapsed + 3_600_000
      const noCopy = { since: at - 60_000, at, epoch: 0 }
      const searched = named({ ...lookedAt(now.elapsed + 3_600_000), noCopy })
      const sent = step(intended(), searched, {}, later(3_600_001))
      expect(sent).toMatchObject(plain)
      expect(sent).not.toHaveProperty('action.copy')
    })

    it('takes the one on record for that one where the service named none', () => {
      const onRecord = named({ sameLeafId: undefined, exists: true })
      const ids = ['id-of-first']
      expect(step(intended(), onRecord)).toMatchObject(lookup('SameLeaf', { by: 'ids', ids }))
    })

    it('takes none on record of another account for that one', () => {
      const { chainFingerprint } = material.firstAgain
      const elsewhere = chainOnly({ intent: chainFingerprint, account: 'former@ssl.example.com' })
      const memory = { ...named({ sameLeafId: undefined, exists: true }), intended: chainFingerprint }
      expect(step(elsewhere, memory)).toMatchObject({ action: { name: 'CheckCertificateExist' } })
    })
  })
})

describe('an earlier chain', () => {
  const previous = (chain: TestChain) => `older@${chainPrefix(chain.chainFingerprint)}`
  const rolledBack = () =>
    changed(material.firstAgain, material.first, { previousCertificateId: previous(material.first) })

  it('is looked up by its id first', () => {
    expect(step(rolledBack())).toMatchObject(lookup('Previous', { by: 'ids', ids: ['older'] }))
  })

  it('is uploaded when its id does not hold it', () => {
    expect(step(rolledBack(), progress(material.first, { previousAsked: true }))).toMatchObject(plain)
  })

  it('of another leaf is uploaded: the answer names the id that is there', () => {
    const status = { previousCertificateId: previous(material.first) }
    expect(step(changed(material.second, material.first, status))).toMatchObject(plain)
  })
})

describe('a certificate that the service says exists', () => {
  const exists = (more: Omit<ChainProgress, 'chainFingerprint'> = {}) =>
    progress(material.first, { exists: true, ...more })
  const observed = () => observedOf(material.first)
  const chain = () => observed().material.chain
  const tagOf = () => {
    const found = chain()
    if (!found) throw new Error('there is a chain')
    return chainTag(found)
  }

  it('is looked for by its chain where the site can', () => {
    expect(step(observed(), exists())).toMatchObject({
      kind: 'Call',
      action: { name: 'CheckCertificateExist' },
    })
  })

  it('is looked for by its chain tag elsewhere, and where the search by chain is not served', () => {
    const byTag = lookup('Exists', { by: 'tags', tags: [tagOf()], offset: 0 })
    expect(step(observed(), exists(), { canFindByChain: false })).toMatchObject(byTag)
    expect(step(observed(), exists({ noChainSearch: true }))).toMatchObject(byTag)
  })

  it('is looked for by its owner where nothing carries the chain tag', () => {
    const memory = exists({ noChainSearch: true, noChainTag: true })
    const byOwner = lookup('OwnLeaf', { by: 'tags', tags: ownerTags(owner), offset: 0 })
    expect(step(observed(), memory)).toMatchObject(byOwner)
  })

  it('is looked up before what the search by chain named is taken', () => {
    const found = lookup('Candidate', { by: 'ids', ids: ['found'] })
    expect(step(observed(), exists({ candidate: 'found' }))).toMatchObject(found)
  })

  it('is the one on record where that has the same leaf: then it needs a copy', () => {
    const { first, firstAgain } = material
    const chainOnly = changed(first, firstAgain)
    const memory = progress(firstAgain, { exists: true })
    expect(step(chainOnly, memory)).toMatchObject({ action: { name: 'CheckCertificateExist' } })
    const asked = progress(firstAgain, { exists: true, noChainTag: true })
    expect(step(chainOnly, asked)).toEqual(intent(firstAgain))
  })
})

describe('a copy of its own', () => {
  const repeatable = { repeatable: 'true' }
  const own = () => copySuffix(owner, material.first.chainFingerprint, true)

  it('starts at the intent', () => {
    expect(step(observedOf(material.first, userAnnotations(repeatable)))).toEqual(intent(material.first))
  })

  it('is looked for before it is made, whatever account the intent was written in', () => {
    const { first, second } = material
    for (const account of [identity.account, 'other@ssl.example.com']) {
      const observed = changed(second, first, { intent: first.chainFingerprint, account }, repeatable)
      expect(step(observed)).toMatchObject(lookup('Copy', { by: 'alias', alias: own(), offset: 0 }))
      const memory = progress(first, { noCopy: { since: now.elapsed - 60_000, at: now.elapsed, epoch: 0 } })
      const sent = step(observed, memory)
      expect(sent).toMatchObject({ ...plain, action: { suffix: own() } })
      expect(sent).not.toHaveProperty('action.copy')
    }
  })

  it('counts from the next chain when it is wanted later', () => {
    const { first, second } = material
    const uploaded = uploadedStatus(first, 'id-of-first')
    const observed = observedOf(first, { ...userAnnotations(repeatable), ...uploaded })
    expect(step(observed)).toMatchObject({ label: 'Synced' })
    expect(step(changed(first, second, {}, repeatable))).toEqual(intent(second))
  })

  it('is made where the status was copied along with the Secret of another owner', () => {
    const { first } = material
    const ledger = new Ledger()
    const tags = [...ownerTags({ ...owner, name: 'original' }), tagFor(first)]
    const listed = { alias: '', type: undefined, notAfter: undefined }
    ledger.learnListed({ ...listed, certificateId: 'id-of-first', tags, ownerUin: undefined }, now.elapsed)
    const copied = changed(first, first, {}, repeatable)
    expect(step(copied, {}, { ledger })).toEqual(intent(first))
  })

  it('has the owner of its id looked up where another Secret names the same', () => {
    const { first } = material
    const ledger = new Ledger()
    ledger.claim('web/original', 'id-of-first')
    const copied = changed(first, first, {}, repeatable)
    expect(step(copied, {}, { ledger })).toMatchObject(lookup('Owner', { by: 'ids', ids: ['id-of-first'] }))
    expect(step(copied, { ownerAsked: 'id-of-first' }, { ledger })).toMatchObject({ label: 'Synced' })
  })

  it('that is wanted no more is none: what there is, is taken', () => {
    const { first } = material
    const annotations = { ...userAnnotations(), [statusKeys.intent]: first.chainFingerprint }
    expect(step(observedOf(first, annotations))).toMatchObject({
      kind: 'Call',
      action: { purpose: 'Exists' },
    })
  })
})

describe('what was refused', () => {
  it('is left out for the same input, and for no other', () => {
    const observed = observedOf(material.first)
    const refused = { input: observed.input, rung: 'Settings', code: 'x' } as const
    expect(step(observed, { refused })).toMatchObject({ action: { rung: 'Settings', account: 'Nothing' } })
    const other = observedOf(material.first, userAnnotations({ alias: 'other' }))
    expect(step(other, { refused })).toMatchObject({ action: { rung: 'Nothing' } })
  })

  it('by the account is left out of every upload', () => {
    const ledger = new Ledger()
    for (const key of ['web/a', 'web/b', 'shop/c']) {
      const group = key.slice(0, key.indexOf('/'))
      ledger.cosmetics.succeeded({ key, group }, { sent: 'Everything', afterRefusal: true }, now.elapsed)
    }
    expect(step(observedOf(material.first), {}, { ledger })).toMatchObject({
      action: { rung: 'Nothing', account: 'Everything' },
    })
  })

  it('for the form of its key is sent as PKCS#8', () => {
    const observed = observedOf(material.first)
    expect(step(observed, { pkcs8For: observed.input })).toMatchObject({ action: { asPkcs8: true } })
    expect(step(observed, { pkcs8For: 'other' })).not.toHaveProperty('action.asPkcs8')
  })
})

describe('a certificate that is gone', () => {
  const missing = 'id-of-first'
  const gone = () => {
    const ledger = new Ledger()
    findGone(ledger, missing, now.elapsed)
    return ledger
  }
  const observed = (settings = {}) => changed(material.first, material.first, {}, settings)

  it('is uploaded again, and the status says meanwhile that it is gone (I6)', () => {
    expect(step(observed(), { missing }, { ledger: gone() })).toMatchObject({
      kind: 'Call',
      action: { name: 'UploadCertificate', replaces: missing },
      // If there is no permit by then, others have their turn.
      until: now.elapsed + 30_000,
      meanwhile: { reason: 'CertificateMissing', slice: { [statusKeys.certificateId]: null } },
    })
  })

  it('waits for the one that tries, also where somebody asks for it', () => {
    const ledger = gone()
    ledger.reUploads.begins('web/other', now.elapsed)
    expect(step(observed(), { missing }, { ledger })).toMatchObject({
      kind: 'Wait',
      label: 'CertificateMissing',
      until: now.elapsed + 600_000,
      forTurn: true,
      meanwhile: { reason: 'CertificateMissing' },
    })
    const asked = observed({ requestedAt: 'now' })
    expect(step(asked, { missing }, { ledger })).toMatchObject({ kind: 'Wait', forTurn: true })
  })

  it('says so while it waits for the account or backs off', () => {
    const held: View = { ledger: gone(), heldFor: () => 'NotAllowed' }
    expect(step(observed(), { missing }, held)).toMatchObject({
      kind: 'Held',
      meanwhile: { reason: 'CertificateMissing' },
    })
  })

  it('is taken from the ledger where another Secret has uploaded it again', () => {
    const ledger = gone()
    const { chainFingerprint, leaf } = material.first
    const upload = { ...plainUpload, by: 'web/other' }
    ledger.learnUploaded('new-id', chainFingerprint, leaf.notAfter.getTime(), upload, now.elapsed)
    expect(step(observed(), { missing }, { ledger })).toMatchObject({
      label: 'Synced',
      outcome: { slice: { [statusKeys.certificateId]: 'new-id' } },
    })
  })
})

function tagFor(chain: TestChain) {
  return chainTag({ chainFingerprint: chain.chainFingerprint, notBefore: chain.leaf.notBefore.getTime() })
}
