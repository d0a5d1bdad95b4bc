import { beforeAll, describe, expect, it } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import { ServiceError } from '../../src/ports/service-error.ts'
import type { UploadRequest } from '../../src/ports/ssl-service.ts'
import { serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const action = 'UploadCertificate'

let chains: TestChain[]

beforeAll(async () => {
  const material = await createMaterial()
  chains = await Promise.all(Array.from({ length: 130 }, () => material.another()))
})

const data = (i: number) => chains[i]?.data ?? {}
const names = (namespace: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${namespace}/${i}`)
const owner = ({ tags }: UploadRequest) => tags.find(({ value }) => value.includes('/'))?.value ?? ''

/** A call of a namespace that is not like others. It throws. */
type Call = (world: World, signal: AbortSignal) => Promise<never>

const rejected = () =>
  serviceError({ failure: 'rejected', action, code: 'FailedOperation.CertificateInvalid' })

const hangs: Call = (_, signal) =>
  new Promise((_, reject) => {
    const error = { failure: 'outage', action, code: 'Timeout', reached: 'ended' } as const
    signal.addEventListener('abort', () => reject(new ServiceError(error)))
  })

/** As long as the time-out allows, which its own calls raise: four times the slowest, at most 30 s. */
function isAnsweredLate(): Call {
  let ms = 1_200
  return async (world, signal) => {
    ms = Math.min(27_000, Math.max(4_500, 3.6 * ms))
    await Promise.race([world.clock.sleep(ms), hangs(world, signal)])
    throw rejected()
  }
}

/** A service at which the calls of namespaces that begin with `evil` take `call`. */
async function withCalls(call: (key: string) => Call): Promise<World> {
  const world = new World({ service: { serviceMs: 300 } })
  const upload = world.service.upload.bind(world.service)
  world.service.upload = (request, signal) => {
    const key = owner(request)
    return key.startsWith('evil') ? call(key)(world, signal) : upload(request, signal)
  }
  world.start()
  for (const [i, key] of names('old', 10).entries()) world.store.put(key, userAnnotations(), data(120 + i))
  await world.clock.advance(10_000)
  return world
}

/** Thirty Secrets of another namespace are synced within 15 s. */
async function expectQuick(world: World): Promise<void> {
  const keys = names('web', 30)
  for (const [i, key] of keys.entries()) world.store.put(key, userAnnotations(), data(90 + i))
  const done = () => keys.filter((key) => world.status(key).phase === 'Synced').length
  await world.clock.advance(15_000)
  expect(done()).toBe(keys.length)
}

describe('a namespace delays thirty uploads of another by seconds', () => {
  it('whose calls are answered just under the time-out, which they raise', async () => {
    const late = isAnsweredLate()
    const world = await withCalls(() => late)
    for (const [i, key] of names('evil', 90).entries()) world.store.put(key, userAnnotations(), data(i))
    await world.clock.advance(60_000)
    await expectQuick(world)
  })

  it('whose calls hang, but for some that are answered in between', async () => {
    const soon: Call = async (world) => {
      await world.clock.sleep(300)
      throw rejected()
    }
    const world = await withCalls((key) => (key.startsWith('evil/soon') ? soon : hangs))
    for (let second = 0; second < 45; second++) {
      world.store.put(`evil/${second}`, userAnnotations(), data(2 * second))
      world.store.put(`evil/soon-${second}`, userAnnotations(), data(2 * second + 1))
      await world.clock.advance(1_000)
    }
    await expectQuick(world)
  })

  it.each<[string, (world: World, key: string) => void, (world: World, key: string, i: number) => void]>([
    [
      'opts out and in again',
      (world, key) => world.store.edit(key, { [userKeys.upload]: null }),
      (world, key) => world.store.edit(key, { [userKeys.upload]: 'true' }),
    ],
    [
      'is deleted and created again',
      (world, key) => world.store.delete(key),
      (world, key, i) => world.store.put(key, userAnnotations(), data(i)),
    ],
  ])('whose calls hang, and that %s every few seconds', async (_, leave, comeBack) => {
    const world = await withCalls(() => hangs)
    const evil = [...names('evil-a', 20), ...names('evil-b', 20)]
    for (const [i, key] of evil.entries()) world.store.put(key, userAnnotations(), data(i))
    const turns = async (count: number) => {
      for (let turn = 0; turn < count; turn++) {
        await world.clock.advance(7_500)
        // All at once: no key of the namespace is left for a moment.
        for (const key of evil) leave(world, key)
        await world.clock.advance(100)
        for (const [i, key] of evil.entries()) comeBack(world, key, i)
      }
    }
    await turns(8)
    await expectQuick(world)
  })
})
