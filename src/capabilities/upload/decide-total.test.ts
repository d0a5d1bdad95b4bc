import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createMaterial, type TestMaterial, testNow } from '../../../test/heart/material.ts'
import { identity, snapshotOf, userAnnotations } from '../../../test/heart/observed.ts'
import { statusKeys, userKeys } from '../../contract/annotation-keys.ts'
import { observe } from '../../contract/observe.ts'
import { decide } from './decide.ts'

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

describe('whatever a Secret holds and a process remembers', () => {
  it('there is a decision', () => {
    const { first, firstAgain, second } = material
    const words = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.constantFrom('true', 'CA', 'now', 'Rejected', 'id', identity.account, first.chainFingerprint),
      fc.constantFrom(first.fingerprint, firstAgain.chainFingerprint, '2026-01-01T00:00:00Z'),
    )
    const keys = fc.constantFrom(...Object.values(userKeys), ...Object.values(statusKeys))
    const data = fc.oneof(
      fc.constantFrom(first.data, firstAgain.data, second.data, {}),
      fc.dictionary(
        fc.constantFrom('tls.crt', 'tls.key', 'ca.crt'),
        fc.uint8Array({ maxLength: 200 }).map((it) => Buffer.from(it)),
      ),
    )
    const time = fc.option(fc.integer({ min: 0, max: 2 * testNow }), { nil: undefined })
    const memory = fc.record({
      uploadsHeld: fc.boolean(),
      lookupsHeld: fc.boolean(),
      canFindByChain: fc.boolean(),
      budgetFreeAt: time,
      goneId: fc.option(fc.constant('id'), { nil: undefined }),
      progress: fc.record({
        chainFingerprint: fc.constant(first.chainFingerprint),
        sameId: fc.boolean(),
        exists: fc.boolean(),
        previousAsked: fc.boolean(),
        aliasAsked: fc.boolean(),
      }),
    })
    fc.assert(
      fc.property(
        fc.dictionary(keys, words),
        data,
        memory,
        time,
        (annotations, data, memory, now = testNow) => {
          const opted = { ...userAnnotations(), ...annotations }
          const observed = observe(snapshotOf(opted, data), identity)
          expect(decide(observed, memory, identity, now)).toHaveProperty('kind')
        },
      ),
    )
  })
})
