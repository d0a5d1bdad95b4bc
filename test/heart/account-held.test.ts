import { beforeAll, describe, expect, it } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import type { FailureClass } from '../../src/ports/service-error.ts'
import type { ServiceAction } from '../../src/ports/ssl-service.ts'
import { noAnswer, serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const upload = 'UploadCertificate'
const minute = 60_000

let material: TestMaterial
/** Certificates of their own for many Secrets. */
let chains: TestChain[]
let world: World

beforeAll(async () => {
  material = await createMaterial()
  chains = await Promise.all(Array.from({ length: 60 }, () => material.another()))
})

const error = (failure: FailureClass, action: ServiceAction = upload, more: object = {}) =>
  serviceError({ failure, action, code: `Code.${failure}`, ...more })

/** There is no connection. */
const notSent = (action: ServiceAction) =>
  error('outage', action, { requestId: undefined, reached: 'unsent' })

function put(count: number, namespace = 'web'): string[] {
  return chains.slice(0, count).map((chain, i) => {
    const key = `${namespace}/${i}`
    world.store.put(key, userAnnotations(), chain.data)
    return key
  })
}

function isSilent(): boolean {
  return world.controller.gauges().serviceSilent()
}

function isHeld(): boolean {
  return world.held
}

function phases(keys: readonly string[]): (string | undefined)[] {
  return keys.map((key) => world.status(key).phase)
}

describe('an outage', () => {
  it('slows calls down and holds no account; when it is over nobody waits out a back-off', async () => {
    world = new World()
    const keys = put(60)
    world.service.fault = () => noAnswer(upload)
    world.start()
    await world.until(isSilent)
    await world.clock.advance(2 * minute)
    const before = world.service.calls.length
    await world.clock.advance(28 * minute)
    // At most one call in eight seconds.
    expect(world.service.calls.length - before).toBeLessThanOrEqual((28 * 60) / 8 + 1)
    expect(isHeld()).toBe(false)

    world.service.fault = undefined
    await world.until(() => !isSilent(), 10_000)
    await world.clock.advance(30_000)
    expect(phases(keys)).toEqual(keys.map(() => 'Synced'))
    expect(world.log.reasons().filter((it) => it === 'ServiceSilent')).toHaveLength(1)
    expect(world.log.reasons().filter((it) => it === 'ServiceAnswers')).toHaveLength(1)
    expect(world.log.reasons()).not.toContain('AccountHeld')
  })

  it('of one Secret does not hold the others (I14)', async () => {
    world = new World()
    world.service.fault = ({ upload: call }) => (call?.alias === 'web/0' ? noAnswer(upload) : undefined)
    world.start()
    put(1)
    await world.clock.advance(minute)
    const others = put(20).slice(1)
    await world.clock.advance(10_000)
    expect(phases(others)).toEqual(others.map(() => 'Synced'))
    expect(world.status('web/0').reason).toBe('ServiceUnavailable')
    expect(isHeld()).toBe(false)
  })

  it('is over for those who met it long before the others', async () => {
    world = new World()
    world.service.fault = () => noAnswer(upload)
    world.start()
    put(1)
    await world.clock.advance(120 * minute)
    const all = put(6)
    await world.until(isSilent, 10 * minute)
    world.service.fault = undefined
    await world.clock.advance(70_000)
    expect(phases(all)).toEqual(all.map(() => 'Synced'))
  })

  it('of lookups is not waited out with the uploads that are not allowed', async () => {
    world = new World({ parts: { slots: 1 } })
    world.start()
    world.store.put('web/asked', userAnnotations(), material.first.data)
    await world.settle()
    world.service.fault = ({ action }) => (action === upload ? error('not-allowed') : undefined)
    put(3)
    await world.until(() => isHeld())
    world.service.fault = ({ action }) => (action === upload ? error('not-allowed') : notSent(action))
    world.store.edit('web/asked', { [userKeys.requestedAt]: 'now' })
    await world.clock.advance(3_000)
    world.service.fault = ({ action }) => (action === upload ? error('not-allowed') : undefined)
    await world.clock.advance(10_000)
    expect(world.status('web/asked').handledRequest).toBe('now')
    expect(isHeld()).toBe(true)
  })

  it('is over for those who met it while others were answered', async () => {
    world = new World({ service: { serviceMs: 400 } })
    const keys = put(30)
    let calls = 0
    world.service.fault = () => (++calls <= 6 ? noAnswer(upload) : undefined)
    world.start()
    await world.clock.advance(2 * minute)
    expect(phases(keys)).toEqual(keys.map(() => 'Synced'))
  })
})

describe('refused credentials', () => {
  it('hold all Secrets, of which only those that tried say so, until new ones are there', async () => {
    world = new World()
    const keys = put(40)
    world.service.fault = () => error('caller')
    world.start()
    await world.clock.advance(5 * minute)
    const told = keys.filter((key) => world.status(key).reason === 'CredentialsRefused')
    expect(told.length).toBe(new Set(world.service.calls.map((it) => it.upload?.alias)).size)
    expect(told.length).toBeLessThan(20)
    expect(keys.filter((key) => world.store.writeAttempts(key) > 0).length).toBe(told.length)

    world.service.fault = undefined
    world.controller.credentialsChanged()
    await world.clock.advance(10_000)
    expect(phases(keys)).toEqual(keys.map(() => 'Synced'))
  })

  it('are tried with another Secret each time', async () => {
    world = new World({ parts: { slots: 1 } })
    put(10)
    world.service.fault = () => error('caller')
    world.start()
    await world.clock.advance(20 * minute)
    const tried = world.service.calls.map((it) => it.upload?.alias)
    expect(tried.length).toBeGreaterThan(4)
    for (let i = 1; i < tried.length; i++) expect(tried[i]).not.toBe(tried[i - 1])
    // A minute apart, and nobody twice before all others were tried.
    expect(tried.length).toBeLessThanOrEqual(21)
    expect(new Set(tried.slice(1, 11)).size).toBe(10)
  })

  it('wait for no Secret that is gone, paused or synced meanwhile', async () => {
    world = new World({ parts: { slots: 1 } })
    const keys = put(4)
    world.service.fault = () => error('caller')
    world.start()
    await world.clock.advance(10_000)
    world.store.delete(keys[1] ?? '')
    world.store.edit(keys[2] ?? '', { [userKeys.paused]: 'true' })
    world.service.fault = undefined
    await world.clock.advance(minute)
    expect(phases([keys[0] ?? '', keys[3] ?? ''])).toEqual(['Synced', 'Synced'])
    expect(isHeld()).toBe(false)
  })
})

describe('a missing permission to upload', () => {
  it('holds uploads after three Secrets, and releases them all when it is given', async () => {
    world = new World({ parts: { slots: 1 } })
    const keys = put(20)
    world.service.fault = ({ upload: call }) =>
      call?.tags.length ? error('cosmetic', upload, { countsForAccount: false }) : error('not-allowed')
    world.start()
    await world.until(isHeld, 5 * minute)
    await world.clock.advance(1_000)
    expect(keys.filter((key) => world.status(key).reason === 'NotAllowed')).toHaveLength(3)
    // Each of them was first refused on the three rungs above.
    expect(world.service.calls.length).toBeLessThanOrEqual(3 * 20 + 3)
    world.service.fault = undefined
    await world.clock.advance(12 * minute)
    expect(phases(keys.slice(3))).toEqual(keys.slice(3).map(() => 'Synced'))
  })

  it.each([1, 4])(
    'is tried again at once with new credentials, by all who were denied (%d)',
    async (count) => {
      world = new World({ parts: { slots: 1 } })
      const keys = put(count)
      world.service.fault = () => error('not-allowed')
      world.start()
      await world.clock.advance(minute)
      expect(phases(keys)).toContain('Failed')
      world.service.fault = undefined
      world.controller.credentialsChanged()
      await world.clock.advance(minute)
      expect(phases(keys)).toEqual(keys.map(() => 'Synced'))
    },
  )

  it('is not waited for by the account when the Secret whose turn it is needs no upload', async () => {
    world = new World({ parts: { slots: 1 } })
    world.start()
    // A Secret that can be rolled back by a lookup alone.
    world.store.put('web/rolled', userAnnotations(), material.first.data)
    await world.settle()
    world.store.replaceData('web/rolled', material.firstAgain.data)
    await world.settle()
    world.start()
    await world.settle()

    world.service.fault = ({ action }) => (action === upload ? error('not-allowed') : undefined)
    const denied = put(3)
    await world.until(() => isHeld())
    world.store.replaceData('web/rolled', material.first.data)
    await world.clock.advance(5_000)
    const waiting = 'web/waiting'
    world.store.put(waiting, userAnnotations(), material.second.data)
    await world.clock.advance(5_000)
    world.service.fault = undefined
    await world.clock.advance(40 * minute)
    expect(world.status('web/rolled').uploaded?.chainFingerprint).toBe(material.first.chainFingerprint)
    expect(phases([waiting, ...denied])).toEqual(['Synced', 'Synced', 'Synced', 'Synced'])
    expect(isHeld()).toBe(false)
  })

  it('is not waited for by the account when the Secret whose turn it is names a project it may not', async () => {
    world = new World({ parts: { slots: 1 } })
    world.start()
    const project = (more: object = {}) => error('not-allowed', upload, more)
    world.service.fault = ({ upload: call }) =>
      call?.projectId === undefined ? project() : project({ countsForAccount: false })
    const denied = put(3)
    await world.until(() => isHeld())
    world.store.put('web/project', userAnnotations({ projectId: '7' }), material.first.data)
    world.store.put('web/waiting', userAnnotations(), material.second.data)
    await world.clock.advance(5_000)
    world.service.fault = ({ upload: call }) =>
      call?.projectId === undefined ? undefined : project({ countsForAccount: false })
    await world.clock.advance(11 * minute)
    expect(phases(['web/waiting', ...denied.slice(1)])).toEqual(['Synced', 'Synced', 'Synced'])
    expect(world.status('web/project')).toMatchObject({ phase: 'Failed', reason: 'NotAllowed' })
  })
})
