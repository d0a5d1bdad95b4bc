import { beforeAll, beforeEach, expect, it } from 'vitest'
import { serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
const other = 'web/other'
const hour = 3_600_000
const upload = 'UploadCertificate'

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

/** Two Secrets share a certificate. */
beforeEach(async () => {
  world = new World()
  for (const each of [key, other]) world.store.put(each, userAnnotations(), material.first.data)
  world.start()
  await world.settle()
})

/** Somebody deletes the certificate in the console, and one of the Secrets asks. */
function deleteAndAsk(): void {
  const [id = ''] = world.ids([key])
  world.service.delete(id)
  world.ask(other)
}

it('a certificate that is gone and cannot be uploaded again is reported twice, not with every attempt', async () => {
  world.service.fault = (call) =>
    call.upload ? serviceError({ failure: 'outage', action: upload, code: 'InternalError' }) : undefined
  deleteAndAsk()
  await world.clock.advance(hour)
  expect(world.service.count(upload)).toBeGreaterThan(10)
  expect(world.status(other)).toMatchObject({
    phase: 'Failed',
    reason: 'ServiceUnavailable',
    uploaded: undefined,
  })
  const reasons = world.events.reasons(other).slice(-2)
  expect(reasons).toEqual(['CertificateMissing', 'ServiceUnavailable'])
  expect(world.events.reasons(other)).toHaveLength(3)
})

it('an id that is gone leaves the status although its renewal waits for a quota', async () => {
  world.service.fault = (call) =>
    call.upload ? serviceError({ failure: 'quota', action: upload, code: 'LimitExceeded' }) : undefined
  world.store.replaceData(key, material.second.data)
  await world.settle()
  expect(world.status(key)).toMatchObject({
    reason: 'QuotaExceeded',
    uploaded: { certificateId: 'cert0001' },
  })
  deleteAndAsk()
  await world.clock.advance(60_000)
  expect(world.status(key)).toMatchObject({ phase: 'Failed', uploaded: undefined })
})
