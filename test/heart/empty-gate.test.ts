import { beforeAll, describe, expect, it } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import { serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
const minute = 60_000

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

describe('a held account', () => {
  it.each<[string, () => void]>([
    ['deleted', () => world.store.delete(key)],
    ['opted out', () => world.store.edit(key, { [userKeys.upload]: null })],
    ['paused', () => world.store.edit(key, { [userKeys.paused]: 'true' })],
    ['invalid', () => world.store.edit(key, { [userKeys.projectId]: 'x' })],
  ])('is held no more when the only Secret that failed is %s', async (_, leave) => {
    world = new World()
    world.service.fault = () =>
      serviceError({ failure: 'caller', action: 'UploadCertificate', code: 'AuthFailure.SecretIdNotFound' })
    world.start()
    world.store.put(key, userAnnotations(), material.first.data)
    await world.clock.advance(10_000)
    expect(world.held).toBe(true)
    leave()
    await world.clock.advance(11 * minute)
    expect(world.held).toBe(false)
  })

  it('is held as long as one of those that failed is there', async () => {
    world = new World()
    world.service.fault = () =>
      serviceError({ failure: 'caller', action: 'UploadCertificate', code: 'AuthFailure.SecretIdNotFound' })
    world.start()
    world.store.put(key, userAnnotations(), material.first.data)
    await world.clock.advance(10_000)
    world.store.put('web/other', userAnnotations(), material.second.data)
    await world.clock.advance(10_000)
    world.store.delete(key)
    await world.clock.advance(11 * minute)
    expect(world.held).toBe(true)
    world.service.fault = undefined
    await world.clock.advance(11 * minute)
    expect(world.status('web/other').phase).toBe('Synced')
    expect(world.held).toBe(false)
  })
})
