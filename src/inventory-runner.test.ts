import { describe, expect, it } from 'vitest'
import { serviceError } from '../test/fakes/certificate-service.ts'
import { createManualClock } from '../test/fakes/manual-clock.ts'
import { FakeLog, FakeMetrics } from '../test/fakes/observability.ts'
import { clusterTag } from './contract/ownership.ts'
import type { CallPermit } from './engine/calls/call-permit.ts'
import { CallRunner } from './engine/calls/call-runner.ts'
import { KeyOwners } from './engine/calls/key-owners.ts'
import { InventoryRunner, inventoryKey } from './inventory-runner.ts'
import { Inventory } from './ledger/inventory.ts'
import { Ledger } from './ledger/ledger.ts'
import { remoteCertificate } from './ledger/testing/remote-certificate.ts'
import type { ObjectKey } from './ports/secrets.ts'
import {
  type CertificatePage,
  type CertificateQuery,
  type CertificateService,
  entriesPerPage,
  type RemoteCertificate,
} from './ports/ssl-service.ts'

const minute = 60_000
const hour = 60 * minute

/** An inventory with the calls of one account, in a time that is moved by hand. */
class Scene {
  readonly clock = createManualClock()
  readonly log = new FakeLog()
  readonly woken: ObjectKey[] = []
  readonly ledger = new Ledger({ wake: (keys) => this.woken.push(...keys) })
  readonly inventory = new Inventory({
    ledger: this.ledger,
    cluster: 'test',
    intervalMs: hour,
    keys: () => [],
    random: () => 0.5,
  })
  readonly certificates: RemoteCertificate[] = []
  readonly queries: { readonly query: CertificateQuery; readonly at: number }[] = []
  /** Throws where the service has no answer. */
  fault: (query: CertificateQuery) => void = () => {}
  /** Calls that the Secrets have made. */
  otherCalls = 0
  readonly #runner: InventoryRunner
  readonly #calls: CallRunner

  constructor() {
    const { clock, log, inventory } = this
    const describe = (query: CertificateQuery) => this.#describe(query)
    const service = { describe } satisfies Partial<CertificateService> as unknown as CertificateService
    this.#runner = new InventoryRunner({ clock, log, service, inventory, isReady: () => true })
    const secrets = {
      serve: (key: ObjectKey, permit: CallPermit) => this.#serveOther(key, permit),
      wakeAtOnce: () => {},
    }
    const owners = new KeyOwners(secrets, [[inventoryKey, this.#runner]])
    this.#calls = new CallRunner({
      ...{ clock, log, metrics: new FakeMetrics(), slots: 1 },
      serve: (key, permit) => owners.serve(key, permit),
      wake: (keys, why) => owners.wakeAtOnce(keys, why),
    })
  }

  start(): void {
    this.#calls.start({ quiet: true })
    this.#runner.start(this.#calls)
  }

  /** Secrets that look something up all the time. */
  lookUpWithoutEnd(): void {
    for (const key of ['a/1', 'a/2', 'b/1', 'b/2']) this.#requestOther(key)
  }

  hold(certificateId: string): void {
    this.certificates.push(remoteCertificate(certificateId, { tags: [clusterTag('test')] }))
  }

  async until(condition: () => boolean, limitMs: number): Promise<void> {
    const end = this.clock.elapsed() + limitMs
    while (!condition()) {
      if (this.clock.elapsed() >= end) throw new Error(`did not come about within ${limitMs} ms`)
      await this.clock.advance(1_000)
    }
  }

  #requestOther(key: ObjectKey): void {
    const group = key.slice(0, key.indexOf('/'))
    const priority = { failedBefore: false, urgent: false, expiresAt: undefined, group }
    this.#calls.request(key, 'DescribeCertificates', priority)
  }

  async #serveOther(key: ObjectKey, permit: CallPermit): Promise<void> {
    this.otherCalls++
    await permit.call(() => this.clock.sleep(300))
    this.#requestOther(key)
  }

  async #describe(query: CertificateQuery): Promise<CertificatePage> {
    this.queries.push({ query, at: this.clock.elapsed() })
    await this.clock.sleep(300)
    this.fault(query)
    const ids = new Set(query.by === 'ids' ? query.ids : [])
    const all = this.certificates.filter((it) => query.by === 'tags' || ids.has(it.certificateId))
    const offset = query.by === 'ids' ? 0 : query.offset
    const certificates = all.slice(offset, offset + entriesPerPage)
    return { certificates, entries: certificates.length, total: all.length }
  }
}

function internalError(): Error {
  return serviceError({ failure: 'outage', action: 'DescribeCertificates', code: 'InternalError' })
}

describe('an inventory of 50,000 certificates', () => {
  it('ends within an interval although lookups of Secrets take every slot, and takes no more than a quarter', async () => {
    const scene = new Scene()
    for (let i = 0; i < 50_000; i++) scene.hold(`id${i}`)
    scene.lookUpWithoutEnd()
    scene.start()
    await scene.until(() => scene.inventory.counts !== undefined, hour)
    expect(scene.inventory.counts?.orphaned).toBe(50_000)
    expect(scene.queries).toHaveLength(50)
    expect(scene.otherCalls).toBeGreaterThanOrEqual(3 * scene.queries.length)
  })
})

describe('an id that the service has no answer for', () => {
  it('keeps nobody from noticing that other certificates are gone', async () => {
    const scene = new Scene()
    for (let i = 0; i < 30; i++) {
      scene.ledger.claim(`a-tenant/${i}`, `odd${i}`)
      scene.ledger.claim(`web/${i}`, `id${i}`)
      if (i !== 7) scene.hold(`id${i}`)
    }
    scene.fault = (query) => {
      if (query.by === 'ids' && query.ids.some((id) => id.startsWith('odd'))) throw internalError()
    }
    scene.start()
    await scene.until(() => scene.ledger.isGone('id7'), 2 * hour)
    expect(scene.woken).toEqual(['web/7'])
    await scene.until(() => scene.inventory.counts !== undefined, hour)
    await scene.clock.advance(12 * hour)
    expect(scene.woken).toEqual(['web/7'])
    const calls = scene.queries.filter(({ at }) => at >= scene.clock.elapsed() - 10 * hour).length
    expect(calls).toBeLessThan(10 * 60)
  })
})

describe('the log', () => {
  it('warns once of what fails now and then, and says that it works again', async () => {
    const scene = new Scene()
    for (let i = 0; i < 30; i++) scene.ledger.claim(`web/${i}`, `id${i}`)
    // The account is the right one.
    scene.hold('id0')
    scene.fault = (query) => {
      if (query.by === 'ids' && query.ids.includes('id7')) throw internalError()
    }
    scene.start()
    // Before those that are missing are looked up again.
    await scene.clock.advance(9 * minute)
    const lines = scene.log.lines.filter((it) => it.fields.action !== undefined)
    expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'warn the inventory failed and is retried: looking up certificates by ID',
      'info the inventory works again: looking up certificates by ID',
      'warn the inventory leaves certificates out: looking them up fails',
    ])
    expect(lines.at(-1)?.fields).toMatchObject({ code: 'InternalError', count: 1 })
  })
})

describe('a listing that the service has no answer for', () => {
  it('is done without: every id on record is looked up', async () => {
    const scene = new Scene()
    scene.ledger.claim('web/a', 'a')
    scene.ledger.claim('web/b', 'b')
    scene.hold('a')
    scene.fault = (query) => {
      if (query.by === 'tags') throw internalError()
    }
    scene.start()
    await scene.until(() => scene.ledger.isGone('b'), 2 * hour)
    expect(scene.ledger.isSeenSince('a', 0)).toBe(true)
  })
})

describe('a listing that is throttled', () => {
  it('is asked for about once a minute, however long that lasts, and ends when it is allowed', async () => {
    const scene = new Scene()
    scene.hold('a')
    scene.fault = () => {
      throw serviceError({
        failure: 'throttled',
        action: 'DescribeCertificates',
        code: 'RequestLimitExceeded',
      })
    }
    scene.start()
    await scene.clock.advance(hour)
    expect(scene.queries.length).toBeGreaterThan(50)
    expect(scene.queries.length).toBeLessThan(100)
    scene.fault = () => {}
    await scene.until(() => scene.inventory.counts?.orphaned === 1, 2 * minute)
  })
})

describe('an inventory that throws', () => {
  it('says so, backs off further each time, and goes on when it can', async () => {
    const scene = new Scene()
    for (let i = 0; i < 300; i++) scene.hold(`id${i}`)
    const learn = scene.ledger.learnListed.bind(scene.ledger)
    scene.ledger.learnListed = () => {
      throw new TypeError('a fault of our own')
    }
    scene.start()
    await scene.clock.advance(24 * hour)
    const errors = scene.log.lines.filter((it) => it.level === 'error')
    expect(errors[0]).toMatchObject({ fields: { error: 'TypeError', attempt: 1 } })
    expect(errors.length).toBeGreaterThan(20)
    expect(errors.length).toBeLessThan(40)
    expect(scene.queries.length).toBeLessThan(40)
    scene.ledger.learnListed = learn
    await scene.until(() => scene.inventory.counts?.orphaned === 300, 2 * hour)
  })

  it('takes nothing down with it, wherever it throws', async () => {
    const scene = new Scene()
    scene.ledger.claim('web/a', 'a')
    const next = scene.inventory.next.bind(scene.inventory)
    scene.inventory.next = () => {
      throw new Error('a fault of our own')
    }
    scene.start()
    await scene.clock.advance(hour)
    scene.inventory.next = next
    await scene.until(() => scene.inventory.counts !== undefined, 2 * hour)
  })
})
