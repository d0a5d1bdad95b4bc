import { eventually } from '../../../harness/eventually.ts'
import type { Call } from '../../../simulator/call-log.ts'
import { CertifiedSecrets, numbered } from './certified-secrets.ts'
import type { E2eWorld } from './e2e-world.ts'

export interface BatchOptions {
  readonly count: number
  /** The Secrets are called `NAME-1`, `NAME-2`, ... */
  readonly name: string
  /** Default: the world's first one. */
  readonly namespace?: string
}

/** Secrets that were created at once, as work for a while, and how far it is done. */
export class Batch {
  readonly #world: E2eWorld
  readonly #secrets: CertifiedSecrets

  private constructor(world: E2eWorld, secrets: CertifiedSecrets) {
    this.#world = world
    this.#secrets = secrets
  }

  /** Resolves when all of them are there. */
  static async create(world: E2eWorld, { count, name, namespace }: BatchOptions): Promise<Batch> {
    const secrets = new CertifiedSecrets(world, namespace)
    await secrets.put(...numbered(name, count))
    return new Batch(world, secrets)
  }

  /** The uploads of these certificates that the cloud answered with an id, oldest first. */
  async uploads(): Promise<Call[]> {
    const { chains } = this.#secrets
    const calls = await this.#world.cloud.calls('UploadCertificate')
    return calls.filter(
      ({ result, chainFingerprint = '' }) => result === 'Success' && chains.has(chainFingerprint),
    )
  }

  /** Resolves as soon as this many are uploaded, or more. */
  async eventuallyUploaded(count: number): Promise<void> {
    let seen = 0
    const holds = async () => {
      seen = (await this.uploads()).length
      return seen >= count
    }
    await eventually(`${count} are uploaded`, holds, { timeoutMs: 60_000, details: () => `${seen} are` })
  }

  /** Resolves when every one is Synced as what it holds. */
  eventuallySynced(timeoutMs = 120_000): Promise<void> {
    return this.#secrets.synced(timeoutMs)
  }
}
