import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { beforeAll, expect, test } from 'vitest'
import { serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const count = 50
const workers = 4
const slots = 10

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

/** One namespace alone leaves some slots free until a call of its own was answered. */
const keyOf = (i: number) => `${i % 2 === 0 ? 'web' : 'shop'}/${i}`

/** A world whose API server hands out copies; `held` counts those that anything still refers to. */
function watchedWorld(serviceMs = 0) {
  const world = new World({ parts: { workers, slots }, service: { serviceMs } })
  const copies: WeakRef<object>[] = []
  const get = world.store.get.bind(world.store)
  world.store.get = async (key, signal) => {
    const secret = await get(key, signal)
    if (!secret) return undefined
    const privateKey = Buffer.from(secret.data['tls.key'] ?? '')
    const copy = { ...secret, data: { ...secret.data, 'tls.key': privateKey } }
    copies.push(new WeakRef(copy), new WeakRef(privateKey))
    return copy
  }
  const held = async () => {
    // What was just looked at lives until the end of the present turn.
    await new Promise((resolve) => setImmediate(resolve))
    collectGarbage()
    return copies.filter((it) => it.deref() !== undefined).length / 2
  }
  for (let i = 0; i < count; i++) world.store.put(keyOf(i), userAnnotations(), material.first.data)
  return { world, copies, held }
}

test('a Secret that waits for a slot is in memory by its name alone', async () => {
  const { world, copies, held } = watchedWorld()
  world.start()
  for (let i = 0; i < 50 && world.waitingForSlots() < count; i++) await world.clock.advance(0)
  expect(world.waitingForSlots()).toBe(count)

  expect(copies.length).toBeGreaterThanOrEqual(2 * count)
  expect(await held()).toBe(0)
})

test('no more Secrets are in memory than there are workers and slots, whatever waits', async () => {
  const { world, held } = watchedWorld(5_000)
  for (let i = 0; i < count; i++) {
    world.store.replaceData(keyOf(i), (await material.another()).data)
  }
  world.start()
  await world.clock.advance(2_000)
  expect(world.service.count('UploadCertificate')).toBe(slots)

  expect(await held()).toBeGreaterThan(0)
  expect(await held()).toBeLessThanOrEqual(workers + slots)
})

test('a Secret whose upload failed waits for its next attempt by its name alone', async () => {
  const { world, held } = watchedWorld()
  world.service.fault = ({ action }) =>
    serviceError({ failure: 'quota', action, code: 'FailedOperation.ExceedsFreeLimit' })
  world.start()
  await world.settle()
  expect(world.status('web/0').phase).toBe('Failed')

  expect(await held()).toBe(0)
})

test('of a Secret that is synced nothing is left in memory', async () => {
  const { world, held } = watchedWorld()
  world.start()
  await world.settle()
  expect(world.status('web/0').phase).toBe('Synced')

  expect(await held()).toBe(0)
})
