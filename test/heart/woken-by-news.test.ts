import { beforeAll, describe, expect, it } from 'vitest'
import { serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestMaterial } from './material.ts'
import { uploadedStatus, userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
const other = 'shop/site'
const minute = 60_000
const hour = 60 * minute

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

describe('a Secret that waits for hours', () => {
  it('is synced as soon as another one has uploaded the same chain', async () => {
    world = new World()
    world.service.fault = ({ action, upload }) =>
      upload?.projectId === 7 ? serviceError({ failure: 'quota', action, code: 'LimitExceeded' }) : undefined
    world.store.put(key, userAnnotations({ projectId: '7' }), material.first.data)
    world.start()
    await world.clock.advance(minute)
    expect(world.status(key).reason).toBe('QuotaExceeded')
    world.store.put(other, userAnnotations(), material.first.data)
    await world.clock.advance(10_000)
    expect(world.status(key).phase).toBe('Synced')
    expect(world.ids([key])).toEqual(world.ids([other]))
  })

  it('because its certificate is gone is synced as soon as a listing shows it again', async () => {
    world = new World({ parts: { inventoryMs: hour } })
    // What somebody else uploaded: the operator knows neither its tags nor its chain.
    world.service.add({ certificate: String(material.first.data['tls.crt']) })
    world.store.put(key, userAnnotations(), material.first.data)
    world.store.put(other, userAnnotations(), material.second.data)
    world.start()
    await world.clock.advance(2 * hour)
    const [id] = world.ids([key])
    world.service.hides = (it) => it.certificateId === id
    world.service.fault = ({ action }) =>
      action === 'UploadCertificate'
        ? serviceError({ failure: 'quota', action, code: 'LimitExceeded' })
        : undefined
    world.ask(key)
    await world.clock.advance(minute)
    expect(world.status(key)).toMatchObject({ phase: 'Failed', uploaded: undefined })
    world.service.hides = () => false
    world.service.fault = undefined
    // Another Secret's lookup shows it.
    world.store.put(
      'blog/site',
      { ...userAnnotations(), ...uploadedStatus(material.first, id ?? '') },
      material.first.data,
    )
    world.ask('blog/site')
    await world.clock.advance(10_000)
    expect(world.status(key).phase).toBe('Synced')
    expect(world.ids([key])).toEqual([id])
  })
})
