import { beforeAll, describe, expect, it } from 'vitest'
import { chainPrefix } from '../../src/contract/status.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { statusAnnotations, uploadedStatus, userAnnotations } from './observed.ts'
import { World } from './world.ts'

const victim = 'web/site'
const tenant = 'evil/site'
const hour = 3_600_000

let material: TestMaterial
/** The tenant's own certificate. */
let own: TestChain
let world: World

beforeAll(async () => {
  material = await createMaterial()
  own = await material.another()
})

const inventories = [{}, { inventoryMs: hour }]

/** A status that says of the victim's chain that it is the tenant's certificate, beside the victim's public chain. */
async function forge(): Promise<string> {
  world.store.put('evil/own', userAnnotations(), own.data)
  await world.settle()
  const [id = ''] = world.ids(['evil/own'])
  const { 'tls.crt': publicChain } = material.first.data
  const claim = uploadedStatus(material.first, id, { origin: 'Uploaded' })
  world.store.put(tenant, { ...userAnnotations(), ...claim }, { 'tls.crt': publicChain })
  await world.settle()
  return id
}

function expectTruth(): void {
  expect(world.status(victim).phase).toBe('Synced')
  expect(world.certificateOf(victim)?.chain).toBe(material.first.chainFingerprint)
  expect(world.service.withChain(material.first.chainFingerprint)).toHaveLength(1)
}

describe.each(inventories)("a claim in a tenant's annotations (%o)", (parts) => {
  it('is no answer for a new Secret of another namespace', async () => {
    world = new World({ parts })
    world.start()
    await forge()
    world.store.put(victim, userAnnotations(), material.first.data)
    await world.settle()
    expectTruth()
  })

  it('is no answer after a restart', async () => {
    world = new World({ parts })
    world.start()
    await forge()
    world.start()
    await world.clock.advance(3 * hour)
    world.store.put(victim, userAnnotations(), material.first.data)
    await world.settle()
    expectTruth()
  })

  it('is no answer for a status that is wiped days later', async () => {
    world = new World({ parts })
    world.start()
    world.store.put(victim, userAnnotations(), material.first.data)
    await world.settle()
    await forge()
    await world.clock.advance(72 * hour)
    world.wipe(victim)
    await world.clock.advance(60_000)
    expectTruth()
  })

  it('that names an id which does not exist costs the Secret of that name alone', async () => {
    world = new World({ parts })
    world.start()
    world.store.put(victim, userAnnotations(), material.first.data)
    await world.settle()
    const ids = world.ids([victim])
    const claim = uploadedStatus(own, 'madeup1')
    world.store.put(tenant, { ...userAnnotations(), ...claim }, own.data)
    for (let i = 0; i < 20; i++) {
      world.ask(tenant, `${i}`)
      await world.clock.advance(10_000)
    }
    await world.clock.advance(3 * hour)
    expect(world.ids([victim])).toEqual(ids)
    expect(world.store.writes(victim)).toBe(1)
    expect(world.certificateOf(tenant)?.chain).toBe(own.chainFingerprint)
    expect(world.service.certificates).toHaveLength(2)
  })

  it("that names the victim's id does not end the victim's: a request of the tenant's is one upload of its own certificate, and no lookup", async () => {
    world = new World({ parts })
    world.start()
    world.store.put(victim, userAnnotations(), material.first.data)
    await world.settle()
    const ids = world.ids([victim])
    const lookups = () => world.service.count('DescribeCertificates')
    const uploads = () => world.service.count('UploadCertificate')
    expect([lookups(), uploads()]).toEqual([0, 1])
    world.store.put(
      tenant,
      { ...userAnnotations({ requestedAt: 'now' }), ...uploadedStatus(own, ids[0] ?? '') },
      own.data,
    )
    await world.settle()
    expect([lookups(), uploads()]).toEqual([0, 2])
    expect(world.certificateOf(tenant)?.chain).toBe(own.chainFingerprint)
    await world.clock.advance(3 * hour)
    expect(uploads()).toBe(2)
    expect(world.ids([victim])).toEqual(ids)
    expect(world.store.writes(victim)).toBe(1)
    expectTruth()
  })
})

describe('a claim of another chain than the tag names', () => {
  it('gives way to the tag when the inventory saw it', async () => {
    world = new World({ parts: { inventoryMs: hour } })
    world.start()
    world.store.put('shop/site', userAnnotations(), material.first.data)
    await world.settle()
    // A process that does not know it adopts by leaf what holds the other chain.
    world.start()
    world.store.put(victim, userAnnotations(), material.firstAgain.data)
    await world.clock.advance(4 * hour)
    expect(world.certificateOf('shop/site')?.chain).toBe(material.first.chainFingerprint)
    expect(world.certificateOf(victim)?.chain).toBe(material.firstAgain.chainFingerprint)
    expect(world.service.certificates).toHaveLength(2)
  })
})

describe('a record of what the service refused, and of earlier ids,', () => {
  it('convinces nobody but the Secret that carries it: an adopted id of another one stays its own', async () => {
    world = new World()
    const adopted = world.service.add({ certificate: String(own.data['tls.crt']) })
    world.start()
    world.store.put(victim, userAnnotations(), own.data)
    await world.clock.advance(60_000)
    expect(world.ids([victim])).toEqual([adopted])
    const forged = {
      ...uploadedStatus(material.first, 'forged01', { settings: `v1:${'0'.repeat(64)} without all-tags` }),
      ...statusAnnotations({
        chainFingerprint: `SVR:${'0'.repeat(64)}`,
        previousCertificateId: `${adopted}@${chainPrefix(material.first.chainFingerprint)}`,
      }),
    }
    world.store.put(tenant, { ...userAnnotations(), ...forged }, material.first.data)
    await world.clock.advance(60_000)
    world.store.edit(victim, { touched: 'yes' })
    await world.clock.advance(5 * 60_000)
    expect(world.ids([victim])).toEqual([adopted])
    expect(world.service.withChain(own.chainFingerprint)).toHaveLength(1)
  })
})
