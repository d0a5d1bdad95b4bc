import { beforeAll, describe, expect, it } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import { ServiceError } from '../../src/ports/service-error.ts'
import type { ServiceAction } from '../../src/ports/ssl-service.ts'
import { serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain } from './material.ts'
import { uploadedStatus, userAnnotations } from './observed.ts'
import { World } from './world.ts'

const minute = 60_000

let chains: TestChain[]

beforeAll(async () => {
  const material = await createMaterial()
  chains = await Promise.all(Array.from({ length: 80 }, () => material.another()))
})

const data = (i: number) => chains[i]?.data ?? {}
const evil = (count: number) => Array.from({ length: count }, (_, i) => `evil/${i}`)
const isEvil = (tags: readonly { readonly value: string }[] | undefined) =>
  tags?.some(({ value }) => value.startsWith('evil/')) ?? false

/** Resolves never: the call is given up. */
function unanswered(action: ServiceAction, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const error = { failure: 'outage', action, code: 'Timeout', reached: 'ended' } as const
    signal.addEventListener('abort', () => reject(new ServiceError(error)))
  })
}

async function withCalls(): Promise<World> {
  const world = new World({ service: { serviceMs: 300 } })
  const { service } = world
  const upload = service.upload.bind(service)
  service.upload = (request, signal) =>
    hangs && isEvil(request.tags) ? unanswered('UploadCertificate', signal) : upload(request, signal)
  const describe = service.describe.bind(service)
  service.describe = (query, signal) =>
    query.by === 'ids' && query.ids.some((it) => it.startsWith('odd'))
      ? unanswered('DescribeCertificates', signal)
      : describe(query, signal)
  world.start()
  await world.clock.advance(2_000)
  return world
}

let hangs: boolean

describe('fifty Secrets of one namespace whose calls hang', () => {
  it('delay thirty uploads of another by seconds, from the first moment on', async () => {
    hangs = true
    const world = await withCalls()
    for (const [i, key] of evil(50).entries()) world.store.put(key, userAnnotations(), data(i))
    // The first calls are under way, or have just been given up, or make room.
    for (const [batch, wait] of [1_000, 10_000, 60_000].entries()) {
      await world.clock.advance(wait)
      const keys = Array.from({ length: 10 }, (_, i) => `web/${batch}-${i}`)
      for (const [i, key] of keys.entries())
        world.store.put(key, userAnnotations(), data(50 + 10 * batch + i))
      await world.until(() => keys.every((key) => world.status(key).phase === 'Synced'), 6_000)
    }
  })

  it('delay lookups of another by seconds', async () => {
    hangs = false
    const world = await withCalls()
    const keys = Array.from({ length: 10 }, (_, i) => `web/${i}`)
    for (const [i, key] of keys.entries()) world.store.put(key, userAnnotations(), data(i))
    await world.clock.advance(minute)
    for (const [i, key] of evil(50).entries()) {
      const chain = chains[i]
      if (!chain) continue
      const forged = uploadedStatus(chain, `odd${i}`)
      world.store.put(key, { ...userAnnotations({ requestedAt: 'x' }), ...forged }, chain.data)
    }
    await world.clock.advance(minute)
    for (const key of keys) world.ask(key, 'now')
    await world.until(() => keys.every((key) => world.status(key).handledRequest === 'now'), 6_000)
  })
})

describe('fifty Secrets of one namespace that fail and are asked for without end', () => {
  it('do not delay one of another that failed once', async () => {
    hangs = false
    const world = await withCalls()
    let failures = 0
    world.service.fault = ({ action, upload }) => {
      if (!upload || (!isEvil(upload.tags) && ++failures > 1)) return undefined
      return serviceError({ failure: 'outage', action, code: 'InternalError' })
    }
    for (const [i, key] of evil(50).entries()) world.store.put(key, userAnnotations(), data(i))
    let edits = 0
    const second = async () => {
      for (let i = 0; i < 12; i++) {
        world.store.edit(`evil/${++edits % 50}`, { [userKeys.requestedAt]: String(edits) })
      }
      await world.clock.advance(1_000)
    }
    for (let i = 0; i < 10; i++) await second()
    world.store.put('web/site', userAnnotations(), data(60))
    for (let i = 0; i < 10; i++) await second()
    expect(world.status('web/site').phase).toBe('Synced')
  })
})
