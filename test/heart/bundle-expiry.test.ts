import { expect, test } from 'vitest'
import { createAuthority } from '../fixtures/certificates.ts'
import { caOf, notBefore, testNow } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const day = 86_400_000
const key = 'web/authorities'

test('a bundle of authorities expires with its earliest certificate that is still valid', async () => {
  const authority = (name: string, days: number) =>
    createAuthority({ name, notBefore, notAfter: new Date(testNow + days * day) })
  const bundle = caOf(await authority('Old', -1), await authority('New', 300), await authority('Next', 100))
  const world = new World()
  world.start()
  world.store.put(key, userAnnotations({ certificateType: 'CA' }), bundle.data)
  await world.settle()
  const notAfter = () => Date.parse(world.status(key).notAfter ?? '')
  expect(notAfter()).toBe(testNow + 100 * day)
  expect(world.metrics.secrets.get(key)).toMatchObject({
    notAfter: testNow + 100 * day,
    uploadedNotAfter: testNow + 100 * day,
  })
  await world.clock.advance(101 * day)
  expect(notAfter()).toBe(testNow + 300 * day)
})
