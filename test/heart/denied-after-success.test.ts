import { beforeAll, expect, it } from 'vitest'
import { serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const action = 'UploadCertificate'
let chains: TestChain[]

beforeAll(async () => {
  const material = await createMaterial()
  chains = await Promise.all(Array.from({ length: 30 }, () => material.another()))
})

it('a permission that everybody loses in the middle of a rollout holds the account within a minute, and its return ends that', async () => {
  const world = new World({ service: { serviceMs: 300 } })
  const put = (from: number, to: number) => {
    const keys = chains.slice(from, to).map((_, i) => `${i % 2 ? 'shop' : 'web'}/${from + i}`)
    for (const [i, key] of keys.entries())
      world.store.put(key, userAnnotations(), chains[from + i]?.data ?? {})
    return keys
  }
  world.start()
  put(0, 10)
  await world.clock.advance(6_000)
  world.service.fault = (call) =>
    call.action === action
      ? serviceError({ failure: 'not-allowed', action, code: 'UnauthorizedOperation' })
      : undefined
  const denied = put(10, 30)
  await world.clock.advance(120_000)
  expect(world.controller.gauges().heldReasons()).toEqual(['NotAllowed'])
  world.service.fault = undefined
  await world.until(() => denied.every((key) => world.status(key).phase === 'Synced'), 90_000, 1_000)
})
