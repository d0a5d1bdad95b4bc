import { createAuthority, createLeaf } from '../../../fixtures/certificates.ts'
import { eventually } from '../../../harness/eventually.ts'
import type { Call } from '../../../simulator/call-log.ts'
import type { E2eWorld } from './e2e-world.ts'

export interface BatchOptions {
  readonly count: number
  /** The Secrets are called `NAME-1`, `NAME-2`, ... */
  readonly name: string
  /** Default: the world's first one. */
  readonly namespace?: string
}

/** Opted-in Secrets that were created at once, each with a certificate of its own: work for a while. */
export class Batch {
  readonly names: readonly string[]
  readonly namespace: string
  readonly #world: E2eWorld
  readonly #leaves: ReadonlySet<string>

  private constructor(world: E2eWorld, namespace: string, leaves: ReadonlyMap<string, string>) {
    this.#world = world
    this.namespace = namespace
    this.names = [...leaves.keys()]
    this.#leaves = new Set(leaves.values())
  }

  /** Resolves when all of them are there. */
  static async create(world: E2eWorld, { count, name, namespace }: BatchOptions): Promise<Batch> {
    const where = namespace ?? world.namespace
    const issuer = await createAuthority({ name: `Issuer of ${name}` })
    const leaves = new Map<string, string>()
    for (let number = 1; number <= count; number++) {
      const leaf = await createLeaf({ issuer, commonName: `${name}-${number}.example.com` })
      leaves.set(`${name}-${number}`, leaf.fingerprint)
      await world.createSecret(`${name}-${number}`, { chain: [leaf, issuer] }, where)
    }
    return new Batch(world, where, leaves)
  }

  /** The uploads of these certificates that the cloud answered with an id, oldest first. */
  async uploads(): Promise<Call[]> {
    const calls = await this.#world.cloud.calls('UploadCertificate')
    return calls.filter(
      ({ result, leafFingerprint = '' }) => result === 'Success' && this.#leaves.has(leafFingerprint),
    )
  }

  /** Resolves as soon as this many are uploaded, or more. */
  async eventuallyUploaded(count: number): Promise<void> {
    let seen = 0
    const holds = async () => {
      seen = (await this.uploads()).length
      return seen >= count
    }
    const details = () => `${seen} are`
    await eventually(`${count} of ${this.names.length} are uploaded`, holds, { timeoutMs: 60_000, details })
  }

  /** Resolves when all are synced. */
  async eventuallySynced(timeoutMs = 120_000): Promise<void> {
    const deadline = performance.now() + timeoutMs
    for (const name of this.names) {
      const left = Math.max(1, deadline - performance.now())
      await this.#world.eventuallySynced(name, { namespace: this.namespace, timeoutMs: left })
    }
  }
}
