import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createMaterial, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

describe('a Secret whose permit is there at once', () => {
  beforeEach(async () => {
    world = new World({ parts: { workers: 1 }, service: { serviceMs: 300 } })
    world.start()
    // Lanes open a second after the start.
    await world.clock.advance(2_000)
  })

  it('is read once for its upload', async () => {
    world.store.put(key, userAnnotations(), material.first.data)
    await world.settle()
    expect(world.status(key).phase).toBe('Synced')
    expect(world.store.gets(key)).toBe(1)
  })

  it('is read again where it has changed since, so that what goes out is the newest', async () => {
    let readings = 0
    world.store.slowness = async () => {
      if (readings++ === 0) world.store.replaceData(key, material.second.data)
      await world.clock.sleep(10)
    }
    world.store.put(key, userAnnotations(), material.first.data)
    await world.settle()
    expect(world.service.certificates.map(({ chain }) => chain)).toEqual([material.second.chainFingerprint])
  })

  it('is read again after a call, also where no watch says that it has changed', async () => {
    world.store.put(key, userAnnotations({ repeatable: 'true' }), material.first.data)
    await world.until(() => world.service.count('DescribeCertificates') > 0, 60_000, 50)
    expect(world.service.certificates).toEqual([])
    world.store.listener = undefined
    world.store.replaceData(key, material.second.data)
    await world.settle()
    expect(world.service.certificates.map(({ chain }) => chain)).toEqual([material.second.chainFingerprint])
  })
})
