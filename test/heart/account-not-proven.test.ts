import { beforeAll, describe, expect, it } from 'vitest'
import { noAnswer, serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { uploadedStatus, userAnnotations } from './observed.ts'
import { World } from './world.ts'

const minute = 60_000
const hour = 60 * minute
const keys = ['a/site', 'b/site', 'c/site', 'd/site']

let material: TestMaterial
let chains: TestChain[]
let world: World

beforeAll(async () => {
  material = await createMaterial()
  chains = await Promise.all(keys.map(() => material.another()))
})

/** Secrets whose statuses name ids; of which account is the caller's. */
function record(idOf: (chain: TestChain, i: number) => string): void {
  world = new World({ parts: { inventoryMs: hour } })
  for (const [i, key] of keys.entries()) {
    const chain = chains[i] as TestChain
    world.store.put(key, { ...userAnnotations(), ...uploadedStatus(chain, idOf(chain, i)) }, chain.data)
  }
}

/** Secrets that were uploaded to an account that refuses the credentials now, and one that waits for new ones. */
async function refused({ uploadedBy = 'this process' } = {}): Promise<void> {
  world = new World({ parts: { inventoryMs: hour } })
  world.service.ownerUin = undefined
  world.start()
  for (const [i, key] of keys.entries()) world.store.put(key, userAnnotations(), chains[i]?.data ?? {})
  await world.clock.advance(3 * hour)
  if (uploadedBy === 'another process') world.start()
  await world.clock.advance(3 * hour)
  world.service.fault = ({ action }) =>
    serviceError({ failure: 'caller', action, code: 'AuthFailure.SecretIdNotFound' })
  world.store.put('e/new', userAnnotations(), material.second.data)
  await world.clock.advance(10 * minute)
}

/** The new credentials are those of another account, which is empty. */
function enterAnotherAccount(): void {
  world.service.fault = undefined
  world.service.certificates.splice(0)
  world.controller.credentialsChanged()
}

/** Nothing of what is on record was uploaded, and the operator says why. */
function expectHeld(ids: readonly (string | undefined)[]): void {
  expect(world.service.certificates.length).toBeLessThanOrEqual(1)
  expect(world.ids(keys)).toEqual(ids)
  expect(world.held).toBe(true)
}

describe('an account that holds none of the ids on record, and that something waits to be uploaded to,', () => {
  it('is another one for a process that was restarted', async () => {
    record((_, i) => `elsewhere${i}`)
    const ids = world.ids(keys)
    world.store.put('e/new', userAnnotations(), material.second.data)
    world.start()
    await world.clock.advance(8 * hour)
    expect(world.status('e/new').phase).toBe('Synced')
    expectHeld(ids)
  })

  it.each(['this process', 'another process'])(
    'is another one for new credentials, where %s had uploaded them',
    async (uploadedBy) => {
      await refused({ uploadedBy })
      const ids = world.ids(keys)
      enterAnotherAccount()
      await world.clock.advance(8 * hour)
      expect(world.status('e/new').phase).toBe('Synced')
      expectHeld(ids)
    },
  )

  it('is another one although the answer to the upload gets lost, and a listing shows the certificate', async () => {
    await refused()
    const ids = world.ids(keys)
    world.service.lostAnswer = ({ action }) => (action === 'UploadCertificate' ? noAnswer(action) : undefined)
    enterAnotherAccount()
    await world.clock.advance(8 * hour)
    expect(world.service.certificates).toHaveLength(1)
    expectHeld(ids)
  })

  it('is another one for new credentials although the former ones had lookups miss an id', async () => {
    await refused()
    const ids = world.ids(keys)
    world.service.fault = undefined
    world.service.hides = () => true
    world.controller.credentialsChanged()
    await world.clock.advance(30_000)
    enterAnotherAccount()
    await world.clock.advance(8 * hour)
    expectHeld(ids)
  })
})

describe('an account', () => {
  it('is not another one because a process that was just started lists late what its predecessor uploaded', async () => {
    world = new World({ parts: { inventoryMs: hour } })
    world.service.listingLagMs = 30_000
    world.start()
    const all = ['a/1', 'a/2', 'b/1', 'b/2']
    for (const [i, key] of all.entries()) world.store.put(key, userAnnotations(), chains[i]?.data ?? {})
    await world.settle()
    const ids = world.ids(all)
    world.start()
    await world.clock.advance(minute)
    world.store.put('c/new', userAnnotations(), material.second.data)
    await world.clock.advance(2 * hour)
    expect(world.log.reasons()).not.toContain('AccountChanged')
    expect(world.status('c/new').phase).toBe('Synced')
    expect(world.ids(all)).toEqual(ids)
  })

  it('that shows the ids on record again, which nobody tagged, is held no longer', async () => {
    record((chain) => world.service.add({ certificate: String(chain.data['tls.crt']) }))
    const ids = world.ids(keys)
    world.service.hides = () => true
    world.start()
    await world.clock.advance(hour)
    expect(world.held).toBe(true)
    world.service.hides = () => false
    world.store.put('e/new', userAnnotations(), material.second.data)
    await world.clock.advance(2 * hour)
    expect(world.held).toBe(false)
    expect(world.status('e/new').phase).toBe('Synced')
    expect(world.ids(keys)).toEqual(ids)
  })

  it('that is another one is not the right one because a Secret names an id that it holds, later', async () => {
    record((_, i) => `elsewhere${i}`)
    const ids = world.ids(keys)
    world.start()
    await world.clock.advance(hour)
    const known = world.service.add({ certificate: String(material.second.data['tls.crt']) })
    const claim = uploadedStatus(material.second, known)
    world.store.put('evil/site', { ...userAnnotations(), ...claim }, material.second.data)
    await world.clock.advance(8 * hour)
    expectHeld(ids)
  })
})
