import { beforeAll, describe, expect, it } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import type { FailureClass } from '../../src/ports/service-error.ts'
import type { ServiceAction } from '../../src/ports/ssl-service.ts'
import { type Fault, noAnswer, serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
const upload = 'UploadCertificate'
const minute = 60_000
const hour = 60 * minute

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

const error = (failure: FailureClass, action: ServiceAction = upload, more: object = {}) =>
  serviceError({ failure, action, code: `Code.${failure}`, ...more })

/** A fault of the next so many calls. */
function times(count: number, fault: Fault): Fault {
  let left = count
  return (call) => (left-- > 0 ? fault(call) : undefined)
}

/** A world with one Secret whose uploads meet a fault. */
function failing(fault: Fault): World {
  world = new World()
  world.store.put(key, userAnnotations(), material.first.data)
  world.service.fault = fault
  world.start()
  return world
}

describe('a service that asks to slow down', () => {
  it('is reported in the log only: no status, fewer slots, and an upload soon after', async () => {
    let slowDown = true
    failing(() => (slowDown ? error('throttled') : undefined))
    await world.clock.advance(5_000)
    expect(world.store.writeAttempts(key)).toBe(0)
    expect(world.controller.gauges().slots()).toBe(1)
    expect(world.service.calls.length).toBeLessThanOrEqual(10 + 5 + 2 + 1 + 1)
    slowDown = false
    await world.clock.advance(2_000)
    expect(world.status(key).reason).toBe('CertificateUploaded')
    expect(world.events.reasons(key)).toEqual(['CertificateUploaded'])
    expect(world.log.reasons()).toContain('Throttled')
    await world.clock.advance(2 * minute)
    expect(world.controller.gauges().slots()).toBe(10)
  })

  it('for an hour is called about once a minute, and the status says so from the second minute on', async () => {
    failing(() => error('throttled'))
    await world.clock.advance(minute - 5_000)
    expect(world.store.writeAttempts(key)).toBe(0)
    await world.clock.advance(minute + 10_000)
    expect(world.status(key)).toMatchObject({ phase: 'Failed', reason: 'Throttled' })
    await world.clock.advance(hour)
    expect(world.service.calls.length).toBeGreaterThan(50)
    expect(world.service.calls.length).toBeLessThan(100)
    expect(world.store.writeAttempts(key)).toBe(1)
    world.service.fault = undefined
    await world.clock.advance(minute)
    expect(world.events.reasons(key)).toEqual(['Throttled', 'CertificateUploaded'])
  })
})

describe('a call that fails', () => {
  it('is one write and one Event for many attempts, and the id when it comes through', async () => {
    failing(times(6, () => noAnswer(upload)))
    await world.until(() => world.service.calls.length === 6)
    expect(world.store.writeAttempts(key)).toBe(1)
    expect(world.status(key)).toMatchObject({ phase: 'Failed', reason: 'ServiceUnavailable' })
    await world.until(() => world.status(key).phase === 'Synced')
    expect(world.events.reasons(key)).toEqual(['ServiceUnavailable', 'CertificateUploaded'])
    expect(world.store.writeAttempts(key)).toBe(2)
  })

  it.each([-8, 8])('is repeated as soon when the wall clock is set by %d hours meanwhile', async (hours) => {
    failing(times(2, () => noAnswer(upload)))
    await world.until(() => world.service.calls.length === 1, minute, 100)
    world.clock.stepWall(hours * hour)
    expect(world.service.calls).toHaveLength(1)
    await world.until(() => world.status(key).phase === 'Synced', minute)
    expect(world.service.calls).toHaveLength(3)
  })

  it('is repeated as the back-off allows and no sooner, whatever touches the Secret', async () => {
    failing(() => noAnswer(upload))
    await world.clock.advance(10_000)
    const before = world.service.calls.length
    for (let i = 0; i < 200; i++) {
      world.store.edit(key, { touched: `${i}` })
      await world.clock.advance(300)
    }
    expect(before).toBeLessThanOrEqual(5)
    expect(world.service.calls.length - before).toBeLessThanOrEqual(4)
    expect(world.store.writeAttempts(key)).toBe(1)
  })

  it('is made at once for another certificate', async () => {
    failing(({ upload }) => (upload ? error('quota') : undefined))
    await world.settle()
    world.service.fault = undefined
    world.store.replaceData(key, material.second.data)
    await world.settle()
    expect(world.certificateOf(key)?.chain).toBe(material.second.chainFingerprint)
  })

  it.each<[FailureClass, string, number, number]>([
    ['not-allowed', 'NotAllowed', 8, 10],
    ['quota', 'QuotaExceeded', 48, 60],
    ['unknown', 'UnexpectedError', 8, 10],
  ])('of class %s is %s, and tried again after %d to %d minutes', async (failure, reason, from, to) => {
    failing(() => error(failure))
    await world.settle()
    expect(world.status(key)).toMatchObject({ phase: 'Failed', reason })
    expect(world.status(key).message).toContain(`Code.${failure}`)
    await world.clock.advance(from * minute - 5_000)
    expect(world.service.calls).toHaveLength(1)
    await world.clock.advance((to - from) * minute + 10_000)
    expect(world.service.calls).toHaveLength(2)
  })

  it('starts its back-off anew when the failure is another one', async () => {
    let failure = noAnswer(upload)
    failing(() => failure)
    await world.clock.advance(2 * hour)
    failure = error('not-allowed')
    await world.until(() => world.status(key).reason === 'NotAllowed', hour)
    const before = world.service.calls.length
    await world.clock.advance(11 * minute)
    expect(world.service.calls.length).toBe(before + 1)
  })
})

describe('a certificate that the service rejects', () => {
  it('is reported once and retried a day later, whatever happens to the Secret', async () => {
    failing(() => error('rejected'))
    await world.settle()
    for (let i = 0; i < 20; i++) {
      world.store.edit(key, { touched: `${i}` })
      await world.clock.advance(hour)
    }
    expect(world.service.calls).toHaveLength(1)
    expect(world.store.writeAttempts(key)).toBe(1)
    await world.clock.advance(4 * hour + minute)
    expect(world.service.calls).toHaveLength(2)
    expect(world.events.reasons(key)).toEqual(['RefusedByService'])
  })

  it('is not tried again by the next process, but by the next version', async () => {
    failing(() => error('rejected'))
    await world.settle()
    world.start()
    await world.settle()
    expect(world.service.calls).toHaveLength(1)
    world.store.edit(key, { 'status.tencent-cert-sync.io/rejected-for': 'a'.repeat(64) })
    world.start()
    await world.settle()
    expect(world.service.calls).toHaveLength(2)
  })

  it('is tried again on request', async () => {
    failing(() => error('rejected'))
    await world.settle()
    world.store.edit(key, { [userKeys.requestedAt]: 'now' })
    await world.settle()
    expect(world.service.calls).toHaveLength(2)
    expect(world.status(key).handledRequest).toBe('now')
  })

  it('keeps the id that is in force, and its own', async () => {
    world = new World()
    world.start()
    world.store.put(key, userAnnotations(), material.first.data)
    await world.settle()
    const { uploaded } = world.status(key)
    world.service.fault = () => error('rejected')
    world.store.replaceData(key, material.second.data)
    await world.settle()
    expect(world.status(key)).toMatchObject({ phase: 'Rejected', uploaded })
  })
})

describe('cosmetics that the service refuses', () => {
  const refuseCosmetics: Fault = ({ upload }) =>
    upload?.alias !== undefined || upload?.tags.length ? error('cosmetic') : undefined

  it('cost a few calls once, and are named (I13)', async () => {
    failing(refuseCosmetics)
    await world.settle()
    const calls = world.service.calls.length
    expect(calls).toBeLessThanOrEqual(4)
    expect(world.service.certificates).toMatchObject([{ alias: '', tags: [], use: undefined }])
    expect(world.status(key)).toMatchObject({ phase: 'Synced', reason: 'SettingsRefused' })
    expect(world.status(key).message).toContain('Code.cosmetic')
    for (let i = 0; i < 3; i++) {
      world.start()
      await world.settle()
    }
    expect(world.service.calls).toHaveLength(calls)
    expect(world.store.writeAttempts(key)).toBe(1)
  })

  it('are sent again with the next certificate', async () => {
    failing(times(1, refuseCosmetics))
    world.store.edit(key, { [userKeys.alias]: 'mine' })
    await world.settle()
    world.store.replaceData(key, material.second.data)
    await world.settle()
    expect(world.service.certificates.map((it) => it.alias)).toEqual([
      expect.not.stringMatching('mine'),
      'mine',
    ])
  })

  it('never cost a copy the suffix that it is found by', async () => {
    world = new World()
    world.service.fault = ({ upload }) => (upload?.tags.length ? error('cosmetic') : undefined)
    world.start()
    world.store.put(key, userAnnotations({ repeatable: 'true', alias: 'x'.repeat(64) }), material.first.data)
    await world.settle()
    expect(world.service.certificates).toMatchObject([{ alias: expect.stringMatching(/^[0-9a-f]{16}$/) }])
    expect(world.status(key).reason).toBe('SettingsRefused')
  })

  it('were not to blame when the upload is refused without them too: they are sent again', async () => {
    const refuseAll: Fault = (call) => refuseCosmetics(call) ?? error('not-allowed')
    failing(refuseAll)
    await world.settle()
    expect(world.service.calls.length).toBeLessThanOrEqual(4)
    expect(world.status(key)).toMatchObject({ phase: 'Failed', reason: 'NotAllowed' })
    world.service.fault = undefined
    await world.until(() => world.status(key).phase === 'Synced', hour)
    expect(world.service.certificates).toMatchObject([{ alias: 'web/site' }])
    expect(world.status(key).reason).toBe('CertificateUploaded')
  })
})

describe('an answer that is lost', () => {
  it('is one certificate', async () => {
    world = new World()
    world.service.lostAnswer = times(3, () => noAnswer(upload))
    world.store.put(key, userAnnotations(), material.first.data)
    world.start()
    await world.until(() => world.status(key).phase === 'Synced')
    expect(world.service.certificates).toHaveLength(1)
    expect(world.service.calls.length).toBe(4)
  })

  it.each<[string, (material: TestMaterial) => readonly TestChain[], string | undefined]>([
    ['of a copy of its own', ({ first }) => [first], 'true'],
    ['of a chain-only change', ({ first, firstAgain }) => [first, firstAgain], undefined],
  ])('is one certificate of its chain: %s', async (_, chains, repeatable) => {
    world = new World()
    world.start()
    for (const chain of chains(material)) {
      world.service.lostAnswer = times(2, ({ upload: call }) => (call ? noAnswer(upload) : undefined))
      const annotations = world.store.keys().length > 0 ? world.store.annotations(key) : {}
      world.store.put(key, { ...annotations, ...userAnnotations({ repeatable }) }, chain.data)
      await world.until(() => world.status(key).uploaded?.chainFingerprint === chain.chainFingerprint)
      expect(world.service.withChain(chain.chainFingerprint)).toHaveLength(1)
    }
  })
})

describe('the upload budget', () => {
  it('stops two writers that fight over one Secret, and lets the newest go when the hour is over', async () => {
    world = new World({ parts: { uploadBudget: { count: 5, perMs: hour } } })
    world.start()
    world.store.put(key, userAnnotations(), material.first.data)
    await world.settle()
    let newest = material.first
    for (let i = 0; i < 12; i++) {
      newest = await material.another()
      world.store.replaceData(key, newest.data)
      await world.settle()
    }
    expect(world.service.certificates).toHaveLength(5)
    expect(world.status(key)).toMatchObject({ phase: 'Pending', reason: 'UploadBudgetExceeded' })
    expect(world.certificateOf(key)?.leaf).toBe(world.status(key).uploaded?.fingerprint)
    // An hour is an hour, whatever the wall clock says.
    world.clock.stepWall(-hour / 2)
    await world.clock.advance(hour)
    expect(world.certificateOf(key)?.chain).toBe(newest.chainFingerprint)
    expect(world.service.certificates).toHaveLength(6)
  })
})
