import { beforeAll, describe, expect, it } from 'vitest'
import { noAnswer } from '../fakes/certificate-service.ts'
import { createMaterial, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'a/x'
const behaviours = (['chain', 'leaf'] as const).flatMap((compares) =>
  [true, false].map((canFindByChain) => ({ compares, canFindByChain })),
)
const cases = behaviours.flatMap((it) => ['is lost', 'meets a dead process'].map((fate) => ({ ...it, fate })))

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

/** Many authorities let every certificate of a day begin at midnight. */
describe('a renewal that begins in the same second as the certificate before it', () => {
  it.each(cases)(
    'is uploaded once although its answer $fate and it is listed late: by $compares, search by chain $canFindByChain',
    async ({ compares, canFindByChain, fate }) => {
      const world = new World({
        service: { compares, canFindByChain, duplicates: 'refused', serviceMs: 200 },
      })
      const { service } = world
      const { chainFingerprint } = material.second
      world.start()
      world.store.put(key, userAnnotations(), material.first.data)
      await world.settle()
      service.listingLagMs = 8_000
      service.lostAnswer = ({ action, upload }) => (upload ? noAnswer(action) : undefined)
      world.store.replaceData(key, material.second.data)
      await world.until(() => service.withChain(chainFingerprint).length > 0, 10_000, 50)
      if (fate === 'is lost') await world.clock.advance(300)
      else world.start()
      service.lostAnswer = undefined
      await world.clock.advance(10 * 60_000)
      expect(world.certificateOf(key)?.chain).toBe(chainFingerprint)
      expect(world.status(key).phase).toBe('Synced')
      expect(service.withChain(chainFingerprint)).toHaveLength(1)
    },
  )
})
