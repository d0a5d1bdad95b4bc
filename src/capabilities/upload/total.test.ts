import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createMaterial, type TestMaterial, testNow } from '../../../test/heart/material.ts'
import { identity, snapshotOf, userAnnotations } from '../../../test/heart/observed.ts'
import { statusKeys, userKeys } from '../../contract/annotation-keys.ts'
import { observe } from '../../contract/observe.ts'
import { chainTag, ownerTags } from '../../contract/ownership.ts'
import type { Answer } from '../../engine/capability.ts'
import type { Instant } from '../../engine/step.ts'
import { rungs } from '../../ledger/cosmetics-ladder.ts'
import { Ledger } from '../../ledger/ledger.ts'
import { remoteCertificate as remote } from '../../ledger/testing/remote-certificate.ts'
import { type FailureClass, ServiceError } from '../../ports/service-error.ts'
import type { UploadAction } from './action.ts'
import type { CallResult } from './calls.ts'
import { learn } from './lessons.ts'
import type { UploadMemory } from './memory.ts'
import { model } from './model.ts'
import { next } from './next.ts'
import { unexpected } from './outcomes.ts'
import { priorityOf } from './priority.ts'
import { recall, reporting, written } from './record.ts'
import { viewOf } from './testing/upload-view.ts'
import { withChain } from './view.ts'

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

/** Whoever writes to a frozen object throws. Buffers cannot be frozen. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value))
    return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}

const failures: readonly FailureClass[] = [
  ...['throttled', 'outage', 'caller', 'not-allowed', 'quota', 'rejected', 'exists', 'cosmetic', 'unknown'],
] as FailureClass[]

function arbitraries({ first, firstAgain, second }: TestMaterial) {
  const maybe = <T>(it: fc.Arbitrary<T>) => fc.option(it, { nil: undefined })
  const id = fc.constantFrom('id-1', 'id-2', 'id-3')
  const chainFingerprint = fc.constantFrom(first.chainFingerprint, firstAgain.chainFingerprint)
  const words = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.constantFrom('true', 'CA', 'now', 'Rejected', 'id-1', identity.account, first.chainFingerprint),
    fc.constantFrom(first.fingerprint, firstAgain.chainFingerprint, '2026-01-01T00:00:00Z'),
  )
  const claim = chainFingerprint.map((chain) => ({
    [statusKeys.certificateId]: 'id-1',
    [statusKeys.account]: identity.account,
    [statusKeys.fingerprint]: first.fingerprint,
    [statusKeys.chainFingerprint]: chain,
  }))
  const keys = fc.constantFrom(...Object.values(userKeys), ...Object.values(statusKeys))
  const annotations = fc
    .tuple(fc.option(claim, { nil: {} }), fc.dictionary(keys, words, { maxKeys: 3 }))
    .map(([claimed, others]) => ({ ...claimed, ...others, ...userAnnotations() }))
  const garbage = fc.dictionary(
    fc.constantFrom('tls.crt', 'tls.key', 'ca.crt'),
    fc.uint8Array({ maxLength: 200 }).map((it) => Buffer.from(it)),
  )
  const data = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(first.data, firstAgain.data, second.data) },
    { weight: 1, arbitrary: garbage },
  )
  const time = fc.integer({ min: 0, max: 40 * 3_600_000 })
  const progress = fc.record(
    {
      chainFingerprint,
      sameLeafId: id,
      sameLeafAsked: fc.boolean(),
      exists: fc.boolean(),
      noChainSearch: fc.boolean(),
      noChainTag: fc.boolean(),
      candidate: id,
      previousAsked: fc.boolean(),
      knownAsked: fc.boolean(),
      noCopy: fc.record({ since: time, at: time, epoch: fc.nat(1) }),
      offset: fc.nat(1_000),
    },
    { requiredKeys: ['chainFingerprint'] },
  )
  const memory: fc.Arbitrary<UploadMemory> = fc.record(
    {
      progress,
      missing: id,
      absent: fc.record({ certificateId: id, until: time }),
      ownerAsked: id,
      recorded: fc.record({ certificateId: id, chainFingerprint, existed: fc.boolean() }),
      answered: fc.record({
        request: fc.constant('web/site now'),
        result: fc.constantFrom('Exists', 'Gone', 'NotAllowed'),
      }),
      intended: chainFingerprint,
    },
    { requiredKeys: [] },
  )
  const tags = fc.constantFrom([], ownerTags({ cluster: identity.cluster, namespace: 'web', name: 'site' }), [
    ...ownerTags({ cluster: identity.cluster, namespace: 'web', name: 'site' }),
    chainTag({ chainFingerprint: first.chainFingerprint, notBefore: first.leaf.notBefore.getTime() }),
  ])
  const listed = fc.record({ id, tags }).map((it) => remote(it.id, { tags: it.tags }))
  const page = fc.record({
    kind: fc.constant('Page' as const),
    certificates: fc.array(listed, { maxLength: 3 }),
    isLast: fc.boolean(),
    nextOffset: fc.nat(1_000),
  })
  const uploaded = fc.record({
    kind: fc.constant('Uploaded' as const),
    certificateId: id,
    repeated: fc.boolean(),
    requestId: fc.constant('request'),
  })
  const named = fc.record({ kind: fc.constant('NamedByChain' as const), certificateId: maybe(id) })
  const failure = fc.record({
    failure: fc.constantFrom(...failures),
    code: fc.string({ maxLength: 20 }),
    perhapsKeyForm: fc.boolean(),
    reached: fc.constantFrom('answered', 'unknown', 'unsent'),
  })
  const answers = fc.record({ page, uploaded, named, error: maybe(failure) })
  const facts = fc.array(fc.record({ id, chainFingerprint, what: fc.nat(3), elapsed: time }), {
    maxLength: 4,
  })
  const flags = fc.record({ canFindByChain: fc.boolean(), held: fc.boolean(), budgetFreeAt: maybe(time) })
  return { annotations, data, memory, answers, facts, flags, time }
}

type Answers = ReturnType<typeof arbitraries>['answers'] extends fc.Arbitrary<infer T> ? T : never

/** An answer of the kind that the action has. */
function answerTo(action: UploadAction, { page, uploaded, named, error }: Answers): Answer<CallResult> {
  if (error) return { ok: false, error: new ServiceError({ ...error, action: action.name }) }
  switch (action.name) {
    case 'UploadCertificate':
      return { ok: true, value: { ...uploaded, action } }
    case 'DescribeCertificates':
      return { ok: true, value: { ...page, action } }
    case 'CheckCertificateExist':
      return { ok: true, value: { ...named, action } }
  }
}

function ledgerOf(
  facts: readonly { id: string; chainFingerprint: string; what: number; elapsed: number }[],
): Ledger {
  const ledger = new Ledger()
  for (const { id, chainFingerprint, what, elapsed } of facts) {
    const upload = {
      ...{ by: 'web/site', own: false, request: undefined, settings: 'v1:x', refusedWith: undefined },
      ...{ repeated: what === 1, rung: rungs[what] ?? 'Nothing', account: 'Nothing' as const },
    }
    if (what <= 1) ledger.learnUploaded(id, chainFingerprint, testNow, upload, elapsed)
    else if (what === 2) ledger.learnAbsent(id, `web/${id}`, elapsed)
    else ledger.claim(`web/${id}`, id)
  }
  return ledger
}

describe('whatever a Secret holds, a process remembers and the service answers', () => {
  it('there is a step and a memory; nothing that was given is changed, and nothing holds a certificate or key', () => {
    const { annotations, data, memory, answers, facts, flags, time } = arbitraries(material)
    let calls = 0
    fc.assert(
      fc.property(annotations, data, memory, answers, facts, flags, time, (...given) => {
        const [annotations, data, memory, answers, facts, { held, ...flags }, elapsed] = given
        const now: Instant = deepFreeze({ wall: testNow + elapsed, elapsed })
        const observed = deepFreeze(observe(snapshotOf(annotations, data), identity))
        const ledger = ledgerOf(facts)
        const view = Object.freeze(
          viewOf(observed, { ...flags, ledger, heldFor: () => (held ? 'NotAllowed' : undefined) }),
        )
        const before = deepFreeze(recall(view, deepFreeze(memory)))
        const step = deepFreeze(next(view, before, now))
        expect(step.label).toMatch(/^[A-Z]\w+$/)
        expect(next(view, before, now)).toEqual(step)
        const texts: unknown[] = [step, before, priorityOf(view, before, now), unexpected(view, 'TypeError')]
        if (step.kind === 'Report') texts.push(deepFreeze(reporting(observed, before, step.outcome)))
        if (step.kind === 'WriteFirst') texts.push(written(before, step.slice))
        if (step.kind === 'Call') {
          calls += 1
          const answer = deepFreeze(answerTo(step.action, answers))
          const called = withChain(view)
          learn(ledger, called, before, step.action, answer, now)
          const after = deepFreeze(model(called, before, step.action, answer, now))
          expect(model(called, before, step.action, answer, now)).toEqual(after)
          texts.push(after, next(view, after, now))
        }
        expect(JSON.stringify(texts)).not.toContain('-----')
      }),
      { numRuns: 1_000 },
    )
    expect(calls).toBeGreaterThan(100)
  })
})
