import { beforeAll, describe, expect, it } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import { serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const minute = 60_000

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

describe('a bad minute in which uploads are not allowed', () => {
  it('ends within two more for who waited, beside fifty Secrets of one namespace whose uploads always fail', async () => {
    const chains = await Promise.all(Array.from({ length: 51 }, () => material.another()))
    const world = new World()
    let isBad = false
    world.service.fault = ({ action, upload }) => {
      if (isBad && action === 'UploadCertificate') {
        return serviceError({ failure: 'not-allowed', action, code: 'UnauthorizedOperation' })
      }
      const isPoisoned = upload?.tags.some((it) => it.value.startsWith('evil/')) ?? false
      return isPoisoned ? serviceError({ failure: 'outage', action, code: 'InternalError' }) : undefined
    }
    world.start()
    const [first, ...poisoned] = chains
    for (const [i, { data }] of poisoned.entries()) world.store.put(`evil/${i}`, userAnnotations(), data)
    await world.clock.advance(2 * minute)
    isBad = true
    world.store.put('shop/site', userAnnotations(), first?.data ?? {})
    for (const i of poisoned.keys()) world.store.edit(`evil/${i}`, { [userKeys.requestedAt]: 'now' })
    await world.clock.advance(minute)
    world.store.put('web/site', userAnnotations(), material.first.data)
    await world.clock.advance(1_000)
    expect(world.held).toBe(true)
    isBad = false
    await world.until(() => world.status('web/site').phase === 'Synced', 2 * minute)
    expect(world.held).toBe(false)
  })
})

describe('Secrets that were denied before the gate closed', () => {
  it('go on with those that waited at it', async () => {
    const chains = await Promise.all(Array.from({ length: 6 }, () => material.another()))
    const world = new World({ service: { serviceMs: 300 } })
    let isDenied = true
    world.service.fault = ({ action }) =>
      isDenied && action === 'UploadCertificate'
        ? serviceError({ failure: 'not-allowed', action, code: 'UnauthorizedOperation' })
        : undefined
    world.start()
    const keys = chains.map((_, i) => `n${i % 2}/${i}`)
    for (const [i, key] of keys.entries()) {
      world.store.put(key, userAnnotations(), chains[i]?.data ?? {})
      await world.clock.advance(5_000)
    }
    expect(world.held).toBe(true)
    isDenied = false
    await world.until(() => keys.every((key) => world.status(key).phase === 'Synced'), 2 * minute)
  })
})
