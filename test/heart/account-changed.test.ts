import { beforeAll, describe, expect, it } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import { ownerTags } from '../../src/contract/ownership.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { identity, uploadedStatus, userAnnotations } from './observed.ts'
import { World } from './world.ts'

const hour = 3_600_000
const keys = ['a/site', 'b/site', 'c/site']

let material: TestMaterial
let chains: TestChain[]
let world: World

beforeAll(async () => {
  material = await createMaterial()
  chains = await Promise.all(keys.map(() => material.another()))
})

const pem = (chain: TestChain) => String(chain.data['tls.crt'])
const uploads = () => world.service.count('UploadCertificate')

/** Secrets whose statuses name ids; the account holds those of `present`. */
function recorded(
  count: number,
  present: readonly number[] = [],
  inventoryMs: number | undefined = hour,
): void {
  world = new World({ parts: inventoryMs === undefined ? {} : { inventoryMs } })
  for (const [i, chain] of chains.slice(0, count).entries()) {
    const id = present.includes(i) ? world.service.add({ certificate: pem(chain) }) : `elsewhere${i}`
    world.store.put(keys[i] ?? '', { ...userAnnotations(), ...uploadedStatus(chain, id) }, chain.data)
  }
  world.start()
}

function expectAllThere(count: number): void {
  for (const [i, key] of keys.slice(0, count).entries()) {
    expect(world.certificateOf(key)?.chain, key).toBe(chains[i]?.chainFingerprint)
  }
}

describe('an account in which a process finds none of the ids on record', () => {
  it('is another one: nothing is uploaded, no id is taken back, and the log says why', async () => {
    recorded(3)
    const ids = world.ids(keys)
    await world.clock.advance(30 * hour)
    expect(uploads()).toBe(0)
    expect(world.ids(keys)).toEqual(ids)
    expect(world.log.reasons()).toContain('AccountChanged')
    expect(world.held).toBe(true)
  })

  it('gets no certificate of a new Secret either', async () => {
    recorded(3)
    await world.clock.advance(3 * hour)
    world.store.put('new/site', userAnnotations(), material.second.data)
    await world.clock.advance(3 * hour)
    expect(uploads()).toBe(0)
  })

  it('is taken for the right one after a request on any Secret: everything is uploaded to it', async () => {
    recorded(3)
    await world.clock.advance(4 * hour)
    expect(uploads()).toBe(0)
    world.ask('a/site')
    await world.clock.advance(8 * hour)
    expectAllThere(3)
    expect(world.service.certificates).toHaveLength(3)
    expect(world.held).toBe(false)
  })

  it('is held no more when new credentials see them', async () => {
    recorded(3, [0, 1, 2])
    const ids = world.ids(keys)
    world.service.hides = () => true
    await world.clock.advance(4 * hour)
    expect(world.held).toBe(true)
    world.store.put('new/site', userAnnotations(), material.second.data)
    world.service.hides = () => false
    world.controller.credentialsChanged()
    await world.clock.advance(3 * hour)
    expect(world.held).toBe(false)
    expect(world.certificateOf('new/site')?.chain).toBe(material.second.chainFingerprint)
    expect(world.ids(keys)).toEqual(ids)
    expect(uploads()).toBe(1)
  })
})

describe('one certificate that is deleted before a restart', () => {
  it('is uploaded again, and others too, although a tenant makes up ids', async () => {
    world = new World({ parts: { inventoryMs: hour } })
    world.start()
    world.store.put('web/site', userAnnotations(), material.first.data)
    await world.settle()
    world.service.delete(world.ids(['web/site'])[0] ?? '')
    for (const [i, chain] of chains.entries()) {
      const claim = { ...userAnnotations({ paused: 'true' }), ...uploadedStatus(chain, `never${i}`) }
      world.store.put(`evil/${i}`, claim, {})
    }
    world.start()
    await world.clock.advance(20 * 60_000)
    expect(world.log.reasons()).toContain('AccountChanged')
    world.store.put('new/site', userAnnotations(), material.second.data)
    await world.clock.advance(6 * hour)
    expect(world.certificateOf('web/site')?.chain).toBe(material.first.chainFingerprint)
    expect(world.certificateOf('new/site')?.chain).toBe(material.second.chainFingerprint)
    expect(world.held).toBe(false)
  })
})

describe('a doubted account', () => {
  it('that turns out to be the right one wakes Secrets that name no id as well', async () => {
    recorded(3)
    await world.clock.advance(hour)
    world.store.put('new/site', userAnnotations(), material.second.data)
    await world.clock.advance(10_000)
    expect(world.status('new/site').reason).toBe('AccountChanged')
    world.ask('a/site')
    await world.clock.advance(10_000)
    expect(world.status('new/site').phase).toBe('Synced')
  })

  it('gives no answer to a request that is older than the doubt, and keeps it open', async () => {
    recorded(2)
    const third = chains[2] as TestChain
    const settings = userAnnotations({ paused: 'true', requestedAt: 'old' })
    world.store.put('c/site', { ...settings, ...uploadedStatus(third, 'elsewhere2') }, third.data)
    await world.clock.advance(hour)
    expect(world.held).toBe(true)
    world.store.edit('c/site', { [userKeys.paused]: null })
    await world.clock.advance(hour)
    expect(world.status('c/site')).toMatchObject({ reason: 'AccountChanged', handledRequest: undefined })
    expect(world.ids(['c/site'])).toEqual(['elsewhere2'])
    // One lookup: the others are the inventory's.
    const ofRequest = world.service.calls.filter(
      ({ query }) => query?.by === 'ids' && query.ids.length === 1 && query.ids[0] === 'elsewhere2',
    )
    expect(ofRequest).toHaveLength(1)
    world.ask('a/site')
    await world.clock.advance(30 * 60_000)
    expect(world.certificateOf('c/site')?.chain).toBe(third.chainFingerprint)
    expect(world.status('c/site').handledRequest).toBe('old')
  })

  it('is not trusted because of a request on a Secret that is not opted in', async () => {
    recorded(3)
    await world.clock.advance(hour)
    world.store.put('new/site', userAnnotations({ upload: 'false', requestedAt: 'x' }), material.second.data)
    await world.clock.advance(hour)
    expect(world.held).toBe(true)
  })
})

describe('an account in which a process finds', () => {
  it('a certificate with the tags of this cluster is the right one', async () => {
    recorded(3)
    const tags = ownerTags({ cluster: identity.cluster, namespace: 'web', name: 'former' })
    world.service.add({ certificate: pem(material.second), tags })
    await world.clock.advance(8 * hour)
    expectAllThere(3)
    expect(world.log.reasons()).not.toContain('AccountChanged')
  })

  it('one of the ids on record is the right one: the others are uploaded again', async () => {
    recorded(3, [1])
    await world.clock.advance(8 * hour)
    expectAllThere(3)
    expect(uploads()).toBe(2)
    expect(world.log.reasons()).not.toContain('AccountChanged')
  })

  it('not the only id on record may be the right one: it is uploaded again', async () => {
    recorded(1)
    await world.clock.advance(8 * hour)
    expectAllThere(1)
    expect(world.log.reasons()).not.toContain('AccountChanged')
  })

  it('nothing but what it uploaded itself is another one: that succeeds in any account', async () => {
    recorded(3)
    world.store.put('web/site', userAnnotations(), material.second.data)
    await world.clock.advance(8 * hour)
    expect(world.held).toBe(true)
    expect(uploads()).toBe(1)
    expect(world.certificateOf('web/site')?.chain).toBe(material.second.chainFingerprint)
  })

  it('no id after it found them once is the right one, emptied', async () => {
    recorded(3, [0, 1, 2])
    await world.clock.advance(3 * hour)
    for (const id of world.ids(keys)) world.service.delete(id ?? '')
    await world.clock.advance(8 * hour)
    expectAllThere(3)
    expect(world.log.reasons()).not.toContain('AccountChanged')
  })
})

describe('an owner of the certificates that is another one than before', () => {
  it('means another account: nothing is uploaded while the process lives', async () => {
    recorded(2, [0, 1])
    await world.clock.advance(3 * hour)
    world.service.ownerUin = '200000000002'
    await world.clock.advance(3 * hour)
    world.store.put('new/site', userAnnotations(), material.second.data)
    await world.clock.advance(3 * hour)
    expect(uploads()).toBe(0)
    expect(world.log.reasons()).toContain('AccountChanged')
    expect(world.held).toBe(true)

    world.start()
    await world.clock.advance(hour)
    expect(world.certificateOf('new/site')?.chain).toBe(material.second.chainFingerprint)
  })

  it('means nothing where listings name no owner', async () => {
    recorded(2, [0, 1])
    await world.clock.advance(3 * hour)
    world.service.ownerUin = undefined
    await world.clock.advance(3 * hour)
    world.store.put('new/site', userAnnotations(), material.second.data)
    await world.settle()
    expect(world.status('new/site').phase).toBe('Synced')
  })
})
