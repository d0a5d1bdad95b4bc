import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { statusKeys, userKeys } from '../../src/contract/annotation-keys.ts'
import { readStatus } from '../../src/contract/status.ts'
import type { Outcome, Step } from '../../src/engine/step.ts'
import { serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestMaterial } from './material.ts'
import { identity, userAnnotations } from './observed.ts'
import { stampKeys, stampLifetimeMs, wishKey } from './stamp-capability.ts'
import { TwoCapabilities, type TwoCapabilitiesOptions } from './two-capabilities.ts'

const key = 'web/site'
const minute = 60_000
const lookup = 'DescribeCertificates'
const upload = 'UploadCertificate'
const wish = { [wishKey]: 'cert0001' }

let material: TestMaterial
let world: TwoCapabilities

beforeAll(async () => {
  material = await createMaterial()
})

beforeEach(() => {
  world = new TwoCapabilities()
})

const statusOf = (name = key) => readStatus(world.store.annotations(name))
const annotation = (name: string) => world.store.annotations(key)[name]
const uploadStatus = () =>
  Object.fromEntries(
    Object.entries(world.store.annotations(key)).filter(([name]) =>
      Object.values<string>(statusKeys).includes(name),
    ),
  )
const stampStatus = () => Object.fromEntries(Object.values(stampKeys).map((name) => [name, annotation(name)]))
const isStamped = () => annotation(stampKeys.stamp) === 'cert0001 exists'
const isSynced = () => statusOf().phase === 'Synced'

async function bothDone(options: TwoCapabilitiesOptions = {}): Promise<void> {
  world = new TwoCapabilities(options)
  world.store.put(key, { ...userAnnotations(), ...wish }, material.first.data)
  // What is looked up before it was uploaded is looked up again.
  await world.until(() => isSynced() && isStamped(), 2 * stampLifetimeMs)
  await world.clock.advance(5_000)
}

/** Lets calls of one action fail from now on. */
function fail(action: typeof lookup | typeof upload, failure: 'unknown' | 'quota' | 'not-allowed'): void {
  world.service.fault = (call) =>
    call.action === action ? serviceError({ failure, action, code: 'SomeCode' }) : undefined
}

describe('two capabilities', () => {
  it.each([true, false])('both do their work on one Secret (upload first: %s)', async (uploadFirst) => {
    await bothDone({ uploadFirst })
    expect(statusOf()).toMatchObject({ phase: 'Synced', uploaded: { certificateId: 'cert0001' } })
    expect(world.service.count(upload)).toBe(1)
    expect(world.service.count(lookup)).toBe(uploadFirst ? 1 : 2)
  })

  it('have no failure and throw nothing on the way', async () => {
    await bothDone()
    expect(world.log.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([])
    expect(world.metrics.writes.get('written')).toBe(world.store.writes(key))
  })

  it('have their slices written in one patch', async () => {
    await bothDone()
    const before = world.store.annotations(key)
    const writes = world.store.writeAttempts(key)
    const removed = [statusKeys.phase, statusKeys.notAfter, stampKeys.stamp]
    world.store.edit(key, Object.fromEntries(removed.map((name) => [name, null])))
    await world.until(isStamped)
    await world.clock.advance(5_000)
    expect(world.store.annotations(key)).toEqual(before)
    expect(world.store.writeAttempts(key)).toBe(writes + 1)
  })

  it('have an intent and an outcome written in one patch', async () => {
    const data = { ...material.first.data, 'tls.key': material.second.data['tls.key'] }
    world.store.put(key, { ...userAnnotations(), ...wish }, data)
    await world.until(() => statusOf().phase === 'Rejected')
    expect(world.store.writeAttempts(key)).toBe(1)
    expect(annotation(stampKeys.intent)).toBe('cert0001')
  })

  it('clear their own keys only', async () => {
    await bothDone()
    const uploaded = uploadStatus()
    const stamped = stampStatus()
    world.store.edit(key, { [wishKey]: null })
    await world.until(() => annotation(stampKeys.stamp) === undefined)
    expect(uploadStatus()).toEqual(uploaded)

    world.store.edit(key, wish)
    await world.until(isStamped)
    world.store.edit(key, { [userKeys.projectId]: 'x' })
    await world.until(() => statusOf().phase === 'Rejected')
    expect(stampStatus()).toEqual(stamped)
  })

  it('have an Event each for what they did, and a step each in the debug line', async () => {
    await bothDone()
    expect(world.events.reasons(key)).toEqual(['CertificateUploaded', 'CertificateAdopted'])
    const steps = world.log.lines.flatMap(({ fields }) => fields.steps ?? [])
    expect(steps).toContain('upload=UploadCertificate stamp=Intend')
    expect(steps.at(-1)).toBe('upload=Synced stamp=Stamped')
  })

  it('are both forgotten with the Secret', async () => {
    await bothDone()
    world.store.delete(key)
    await world.clock.advance(1_000)
    expect(world.stamp.forgotten).toContain(key)
    expect(world.metrics.secrets.has(key)).toBe(false)
  })
})

describe('the ticket of a key', () => {
  it('is for the call of the earlier capability, which replaces that of the later one', async () => {
    world.store.put(key, { ...userAnnotations({ paused: 'true' }), ...wish }, material.first.data)
    await world.clock.advance(100)
    expect(world.tickets).toMatchObject({ [lookup]: 1, [upload]: 0 })
    world.store.edit(key, { [userKeys.paused]: null })
    await world.clock.advance(100)
    expect(world.tickets).toMatchObject({ [lookup]: 0, [upload]: 1 })
    await world.until(() => isSynced() && isStamped())
    expect(world.actions).toEqual([upload, lookup])
  })

  it('is one, also where both wait in one lane, and each permit is for one call', async () => {
    world = new TwoCapabilities({ action: upload })
    const refused = serviceError({ failure: 'cosmetic', action: upload, code: 'SomeCode' })
    world.service.fault = ({ upload: request }) => (request?.alias ? refused : undefined)
    world.store.put(key, { ...userAnnotations(), ...wish }, material.first.data)
    await world.clock.advance(100)
    expect(world.tickets).toMatchObject({ [upload]: 1 })
    await world.until(() => isSynced() && isStamped())
    expect(world.actions).toEqual([upload, upload, lookup])
    expect(annotation(stampKeys.problem)).toBeUndefined()
  })
})

describe('calls of the same name', () => {
  it('of two capabilities do not wait for each other', async () => {
    world = new TwoCapabilities({ serviceMs: 5_000 })
    const other = 'web/other'
    world.stamp.flight = `${identity.account} ${material.first.chainFingerprint}`
    world.store.put(key, userAnnotations(), material.first.data)
    world.store.put(other, { ...userAnnotations({ paused: 'true' }), ...wish }, material.second.data)
    await world.until(() => world.actions.length === 2, 4_000)
    expect(new Set(world.actions)).toEqual(new Set([upload, lookup]))
  })
})

describe('phase, reason and message stay those of the upload', () => {
  const foreign = { [statusKeys.phase]: 'Failed' }
  const withForeign = (step: Step): Step => {
    if (step.kind === 'WriteFirst') return { ...step, slice: { ...step.slice, ...foreign } }
    if (step.kind === 'Report') return { ...step, outcome: withForeignSlice(step.outcome) }
    if (!('meanwhile' in step) || !step.meanwhile) return step
    return { ...step, meanwhile: withForeignSlice(step.meanwhile) }
  }
  const withForeignSlice = (outcome: Outcome) => ({ ...outcome, slice: { ...outcome.slice, ...foreign } })

  beforeEach(async () => {
    world.store.put(key, userAnnotations(), material.first.data)
    await world.until(isSynced)
  })

  it.each(['WriteFirst', 'Report', 'Wait'] as const)(
    'where another capability would write them in a %s, which is a bug of its own (I7)',
    async (kind) => {
      const { stamp } = world
      const next = stamp.next.bind(stamp)
      stamp.next = (...given) => {
        const step = next(...given)
        return step.kind === kind ? (withForeign(step) as typeof step) : step
      }
      if (kind === 'Wait') fail(lookup, 'unknown')
      const before = uploadStatus()
      world.store.edit(key, wish)
      await world.until(() => annotation(stampKeys.problem) === 'ForeignStatusKeyError')
      await world.clock.advance(minute)
      expect(uploadStatus()).toEqual(before)
    },
  )

  it('where another capability would write them in what it says of its bugs', async () => {
    const { stamp } = world
    const unexpected = stamp.unexpected.bind(stamp)
    stamp.unexpected = (...given) => withForeignSlice(unexpected(...given))
    stamp.broken.add('next')
    const before = uploadStatus()
    const gets = world.store.gets(key)
    world.store.edit(key, wish)
    await world.clock.advance(minute)
    expect(world.store.gets(key)).toBeGreaterThan(gets)
    expect(uploadStatus()).toEqual(before)
  })

  it('because no two capabilities may own the same status key', () => {
    const alsoOwns = [statusKeys.phase]
    expect(() => new TwoCapabilities({ alsoOwns })).toThrow(`upload and stamp both own ${statusKeys.phase}`)
  })
})

describe('a capability that fails', () => {
  it('backs off by itself, and leaves the upload alone', async () => {
    fail(lookup, 'unknown')
    world.store.put(key, { ...userAnnotations(), ...wish }, material.first.data)
    await world.until(() => isSynced() && annotation(stampKeys.problem) === 'SomeCode')
    world.store.replaceData(key, material.second.data)
    await world.until(() => statusOf().uploaded?.certificateId === 'cert0002', 5_000)
    expect(isSynced()).toBe(true)
    expect(world.service.count(lookup)).toBe(1)
    await world.clock.advance(11 * minute)
    expect(world.service.count(lookup)).toBe(2)
  })

  it('tries again after its own wait, and takes its problem back', async () => {
    fail(lookup, 'unknown')
    world.store.put(key, { ...userAnnotations(), ...wish }, material.first.data)
    await world.until(() => annotation(stampKeys.problem) === 'SomeCode')
    world.service.fault = undefined
    await world.until(isStamped, 11 * minute)
    expect(annotation(stampKeys.problem)).toBeUndefined()
  })

  it('is not disturbed by an upload that fails', async () => {
    await bothDone()
    fail(upload, 'quota')
    world.store.replaceData(key, material.second.data)
    await world.until(() => statusOf().phase === 'Failed')
    const before = world.service.count(lookup)
    const uploads = world.service.count(upload)
    await world.until(() => world.service.count(lookup) > before, 2 * stampLifetimeMs)
    expect(isStamped()).toBe(true)
    expect(world.service.count(upload)).toBe(uploads)
  })

  it('has calls while those of the upload wait for the account', async () => {
    fail(upload, 'not-allowed')
    const names = ['web/a', 'web/b', 'shop/c', 'shop/d']
    for (const name of names) {
      world.store.put(name, userAnnotations(), (await material.another()).data)
    }
    await world.until(() => world.metrics.reconciles.has('AccountHeld'))
    world.store.put(key, { ...userAnnotations(), ...wish }, material.first.data)
    await world.until(() => annotation(stampKeys.stamp) === 'cert0001 is gone')
    expect(isSynced()).toBe(false)
  })
})

describe('the waits of two capabilities', () => {
  it('are planned by the earliest, and none gets lost', async () => {
    await bothDone()
    fail(upload, 'quota')
    world.store.replaceData(key, material.second.data)
    await world.until(() => statusOf().phase === 'Failed')
    const [uploads, lookups] = [world.service.count(upload), world.service.count(lookup)]
    await world.clock.advance(61 * minute)
    // An hour is twelve times the second one's interval, and the first one's back-off once.
    expect(world.service.count(lookup) - lookups).toBeGreaterThanOrEqual(11)
    expect(world.service.count(lookup) - lookups).toBeLessThanOrEqual(13)
    expect(world.service.count(upload)).toBe(uploads + 1)
  })
})

describe('a bug in one capability', () => {
  it.each([
    'view',
    'noticed',
    'recall',
    'next',
    'flightOf',
    'priorityOf',
    'begins',
    'ended',
    'model',
  ] as const)('in its %s is a status with a reason, and does not disturb the upload (I7)', async (part) => {
    world.stamp.broken.add(part)
    world.store.put(key, { ...userAnnotations(), ...wish }, material.first.data)
    await world.until(() => isSynced() && annotation(stampKeys.problem) === 'TypeError')
    // No other key waits for it.
    expect(world.stamp.interruptions).toContain(key)
    const gets = world.store.gets(key)
    await world.clock.advance(10 * minute)
    expect(world.store.gets(key) - gets).toBeLessThan(60)

    world.store.replaceData(key, material.second.data)
    await world.until(() => statusOf().uploaded?.certificateId === 'cert0002', 5_000)
    expect(isSynced()).toBe(true)
    expect(JSON.stringify(world.log.lines)).not.toContain('a bug in')

    world.stamp.broken.clear()
    await world.until(isStamped, 2 * minute)
    expect(annotation(stampKeys.problem)).toBeUndefined()
  })

  it('in what it does before the write is a status with a reason, and does not disturb the upload (I7)', async () => {
    world.stamp.broken.add('reporting')
    world.store.put(key, { ...userAnnotations(), ...wish }, material.first.data)
    await world.until(() => isSynced() && annotation(stampKeys.problem) === 'TypeError')
    const gets = world.store.gets(key)
    await world.clock.advance(10 * minute)
    expect(world.store.gets(key) - gets).toBeLessThan(60)
    expect(world.service.count(upload)).toBe(1)
    world.stamp.broken.clear()
    await world.until(isStamped, 2 * minute)
  })

  it('in what it does after the write is retried, and the upload remembers what was written', async () => {
    world.stamp.broken.add('written')
    world.store.put(key, { ...userAnnotations(), ...wish }, material.first.data)
    await world.until(isSynced)
    const gets = world.store.gets(key)
    await world.clock.advance(10 * minute)
    expect(world.store.gets(key) - gets).toBeGreaterThan(0)
    expect(world.store.gets(key) - gets).toBeLessThan(60)
    expect(world.log.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', fields: expect.objectContaining({ error: 'TypeError' }) }),
    )
    // A chain-only change needs an intent that is remembered once it is written.
    world.store.replaceData(key, material.firstAgain.data)
    const { chainFingerprint } = material.firstAgain
    await world.until(() => statusOf().uploaded?.chainFingerprint === chainFingerprint, 5_000)
    expect(world.service.certificates).toHaveLength(2)
    world.stamp.broken.clear()
    await world.until(isStamped, 2 * minute)
  })

  it('in what it says of its own bugs leaves the upload alone', async () => {
    world.stamp.broken.add('next').add('unexpected')
    world.store.put(key, { ...userAnnotations(), ...wish }, material.first.data)
    await world.until(isSynced)
    const gets = world.store.gets(key)
    await world.clock.advance(10 * minute)
    expect(world.store.gets(key) - gets).toBeLessThan(60)
    world.stamp.broken.clear()
    await world.until(isStamped, 2 * minute)
  })

  it('in its call is a failure of its own, with a back-off', async () => {
    world.stamp.broken.add('call')
    world.store.put(key, { ...userAnnotations(), ...wish }, material.first.data)
    await world.until(() => annotation(stampKeys.problem) === 'OperatorFailed.TypeError')
    await world.until(isSynced)
    world.stamp.broken.clear()
    await world.clock.advance(minute)
    expect(isStamped()).toBe(false)
    await world.until(isStamped, 10 * minute)
  })

  it('in the upload is a status with a reason, and does not disturb the other one', async () => {
    world.uploadThrows = true
    world.store.put(key, { ...userAnnotations(), ...wish }, material.first.data)
    await world.until(() => annotation(stampKeys.stamp) === 'cert0001 is gone')
    expect(statusOf()).toMatchObject({ phase: 'Failed', reason: 'UnexpectedError' })
    world.uploadThrows = false
    await world.until(isSynced, 2 * minute)
  })
})
