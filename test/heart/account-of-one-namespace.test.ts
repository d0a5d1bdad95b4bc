import { beforeAll, describe, expect, it } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { uploadedStatus, userAnnotations } from './observed.ts'
import { World } from './world.ts'

const minute = 60_000
const hour = 60 * minute

let material: TestMaterial
let chains: TestChain[]
let world: World

beforeAll(async () => {
  material = await createMaterial()
  chains = await Promise.all([0, 1].map(() => material.another()))
})

const uploads = () => world.service.count('UploadCertificate')
const reasons = (keys: readonly string[]) => keys.map((key) => world.status(key).reason)

/** Secrets of one namespace whose statuses name ids that the account does not hold. */
function put(namespace: string): string[] {
  return chains.map((chain, i) => {
    const key = `${namespace}/${i}`
    const claim = uploadedStatus(chain, `never${i}`, { phase: 'Synced', reason: 'CertificateUploaded' })
    world.store.put(key, { ...userAnnotations(), ...claim }, chain.data)
    return key
  })
}

describe('ids that the Secrets of one namespace name, and nobody finds,', () => {
  const evil = ['evil/0', 'evil/1']

  /** A tenant's Secrets, with ids that never were, beside one with a certificate. */
  async function forged(): Promise<void> {
    world = new World({ parts: { inventoryMs: hour } })
    world.start()
    world.store.put('web/site', userAnnotations(), material.second.data)
    put('evil')
    await world.clock.advance(10 * minute)
    expect(world.log.reasons()).toContain('AccountChanged')
    expect(uploads()).toBe(1)
  }

  it('do not have the metric say that the account is held: no tenant can page everybody', async () => {
    await forged()
    expect(world.held).toBe(false)
    expect(world.log.lines.find((it) => it.fields.reason === 'AccountChanged')?.fields.namespace).toBe('evil')
  })

  it('hold that namespace alone: its Secrets say so, others do not and are uploaded', async () => {
    await forged()
    world.store.put('new/site', userAnnotations(), material.firstAgain.data)
    await world.clock.advance(8 * hour)
    expect(reasons(evil)).toEqual(['AccountChanged', 'AccountChanged'])
    expect(world.ids(evil)).toEqual(['never0', 'never1'])
    expect(reasons(['web/site', 'new/site'])).toEqual(['CertificateUploaded', 'CertificateUploaded'])
    expect(uploads()).toBe(2)
  })

  it('are nothing that a Secret beside them says whose certificate the account shows', async () => {
    world = new World({ parts: { inventoryMs: hour } })
    world.start()
    world.store.put('evil/own', userAnnotations(), material.first.data)
    put('evil')
    await world.clock.advance(10 * minute)
    world.store.edit('evil/own', { touched: 'yes' })
    await world.clock.advance(10 * minute)
    expect(reasons(['evil/own', ...evil])).toEqual([
      'CertificateUploaded',
      'AccountChanged',
      'AccountChanged',
    ])
  })

  it.each<[string, (key: string) => void]>([
    ['are deleted', (key) => world.store.delete(key)],
    ['are not opted in any more', (key) => world.store.edit(key, { [userKeys.upload]: null })],
  ])('hold nothing any more when the Secrets %s', async (_, end) => {
    await forged()
    world.store.put('evil/new', userAnnotations(), material.first.data)
    await world.clock.advance(10_000)
    expect(world.status('evil/new').reason).toBe('AccountChanged')
    end('evil/0')
    await world.clock.advance(10_000)
    expect(world.held).toBe(false)
    expect(world.status('evil/new').phase).toBe('Synced')
  })

  it('hold its other Secrets, which are woken when the hold ends', async () => {
    await forged()
    world.store.put('evil/new', userAnnotations(), material.first.data)
    await world.clock.advance(10_000)
    expect(world.status('evil/new')).toMatchObject({ phase: 'Failed', reason: 'AccountChanged' })
    world.ask('web/site')
    await world.clock.advance(10_000)
    expect(world.status('evil/new').phase).toBe('Synced')
  })
})

describe('an account that holds none of the ids on record, all of which are of one namespace,', () => {
  const keys = ['web/0', 'web/1']

  async function restarted(): Promise<void> {
    world = new World({ parts: { inventoryMs: hour } })
    put('web')
    world.start()
    await world.clock.advance(10 * minute)
  }

  it('is said to be another one by the metric and by every Secret, which keeps its id', async () => {
    await restarted()
    expect(world.controller.gauges().heldReasons()).toEqual(['AccountChanged'])
    expect(keys.map((key) => world.status(key))).toMatchObject(
      keys.map(() => ({ phase: 'Failed', reason: 'AccountChanged' })),
    )
    await world.clock.advance(72 * hour)
    expect(world.ids(keys)).toEqual(['never0', 'never1'])
    expect(uploads()).toBe(0)
  })

  it('holds no other namespace, whose upload ends nothing', async () => {
    await restarted()
    world.store.put('new/site', userAnnotations(), material.second.data)
    await world.clock.advance(8 * hour)
    expect(reasons(['new/site', ...keys])).toEqual([
      'CertificateUploaded',
      'AccountChanged',
      'AccountChanged',
    ])
    expect(world.held).toBe(true)
  })

  it('is uploaded to after a request: no Secret says any more that it is another one', async () => {
    await restarted()
    world.ask('web/0')
    await world.clock.advance(3 * hour)
    expect(keys.map((key) => world.certificateOf(key)?.chain)).toEqual(
      chains.map((it) => it.chainFingerprint),
    )
    expect(world.held).toBe(false)
  })
})
