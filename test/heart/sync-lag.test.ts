import { beforeAll, describe, expect, it } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import type { FailureClass } from '../../src/ports/service-error.ts'
import { serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestMaterial } from './material.ts'
import { statusAnnotations, userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
const other = 'shop/site'
const minute = 60_000
const hour = 60 * minute
/** The alert's default threshold, ms. */
const alertMs = 15 * minute

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

const lagMs = () => world.controller.gauges().oldestUnsyncedMs()

/** Two Secrets that are synced, and an hourly inventory. */
async function synced(): Promise<void> {
  world = new World({ parts: { inventoryMs: hour } })
  world.store.put(key, userAnnotations(), material.first.data)
  world.store.put(other, userAnnotations(), material.second.data)
  world.start()
  await world.clock.advance(2 * hour)
  expect(lagMs()).toBe(0)
}

/** Lets uploads fail from now on. */
function failUploads(failure: FailureClass): void {
  world.service.fault = ({ action }) =>
    action === 'UploadCertificate' ? serviceError({ failure, action, code: 'SomeCode' }) : undefined
}

function deleteCertificate(): void {
  world.service.delete(world.ids([key])[0] ?? '')
}

describe('the oldest unsynced change', () => {
  it('is there where a certificate got lost and cannot be uploaded again, until it is', async () => {
    await synced()
    deleteCertificate()
    failUploads('quota')
    await world.clock.advance(3 * hour)
    expect(world.status(key)).toMatchObject({ phase: 'Failed', reason: 'QuotaExceeded' })
    expect(lagMs()).toBeGreaterThan(alertMs)

    world.service.fault = undefined
    await world.until(() => world.status(key).phase === 'Synced', 2 * hour)
    expect(lagMs()).toBe(0)
  })

  it('is there where a certificate got lost and a resync finds the status taken back', async () => {
    world = new World({ parts: { resyncMs: hour } })
    world.store.put(key, userAnnotations(), material.first.data)
    world.start()
    await world.settle()
    failUploads('quota')
    world.store.listener = undefined
    world.wipe(key)
    world.store.replaceData(key, material.second.data)
    await world.clock.advance(2 * hour)
    expect(world.status(key).phase).toBe('Failed')
    expect(lagMs()).toBeGreaterThan(alertMs)
  })

  it('is there where a Secret was rejected, is corrected, and then fails', async () => {
    world = new World()
    world.start()
    world.store.put(key, userAnnotations({ projectId: 'x' }), material.first.data)
    await world.settle()
    expect([world.status(key).phase, lagMs()]).toEqual(['Rejected', 0])
    failUploads('quota')
    world.store.edit(key, { [userKeys.projectId]: null })
    await world.clock.advance(30 * minute)
    expect(world.status(key).phase).toBe('Failed')
    expect(lagMs()).toBeGreaterThan(alertMs)
  })

  it('is there where a status cannot be written', async () => {
    await synced()
    world.store.refusal = () => 'denied by a policy'
    world.store.edit(key, statusAnnotations({ phase: 'Failed' }))
    await world.clock.advance(30 * minute)
    expect(lagMs()).toBeGreaterThan(alertMs)
  })

  it('is there where a Secret cannot be read', async () => {
    world = new World({ parts: { resyncMs: hour } })
    world.store.put(key, userAnnotations(), material.first.data)
    world.start()
    await world.settle()
    world.store.unreadable.add(key)
    await world.clock.advance(2 * hour)
    expect(lagMs()).toBeGreaterThan(alertMs)
    world.store.unreadable.clear()
    await world.clock.advance(2 * minute)
    expect(lagMs()).toBe(0)
  })
})

describe('nothing is unsynced', () => {
  it('where the service refused the certificate, which has an alert of its own', async () => {
    world = new World()
    world.start()
    failUploads('rejected')
    world.store.put(key, userAnnotations(), material.first.data)
    await world.until(() => world.status(key).phase === 'Rejected')
    await world.settle()
    expect(lagMs()).toBe(0)
  })

  it('where a Secret is paused, opted out or deleted while its certificate is missing', async () => {
    await synced()
    deleteCertificate()
    failUploads('quota')
    world.store.edit(key, { [userKeys.paused]: 'true' })
    await world.clock.advance(3 * hour)
    expect(lagMs()).toBe(0)

    world.store.edit(key, { [userKeys.paused]: null })
    await world.clock.advance(30 * minute)
    expect(lagMs()).toBeGreaterThan(alertMs)
    world.store.edit(key, { [userKeys.upload]: null })
    await world.clock.advance(minute)
    expect(lagMs()).toBe(0)

    world.store.edit(key, { [userKeys.upload]: 'true' })
    await world.clock.advance(30 * minute)
    expect(lagMs()).toBeGreaterThan(alertMs)
    world.store.delete(key)
    await world.clock.advance(minute)
    expect(lagMs()).toBe(0)
  })

  it('where an inventory or a resync finds everything as it is', async () => {
    await synced()
    let most = 0
    for (let i = 0; i < 360; i++) {
      await world.clock.advance(2 * minute)
      most = Math.max(most, lagMs())
    }
    expect(most).toBeLessThan(minute)
  })

  it('for a standby, whatever is wrong', async () => {
    world = new World()
    failUploads('quota')
    world.store.put(key, userAnnotations(), material.first.data)
    world.start({ standBy: true })
    await world.clock.advance(hour)
    expect(lagMs()).toBe(0)
  })
})
