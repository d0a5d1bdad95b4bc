import { inParallel } from '../../../bench/in-parallel.ts'
import { chainFingerprint, createAuthority, createLeaf } from '../../../fixtures/certificates.ts'
import { dataOf } from '../../../harness/world.ts'
import type { E2eWorld } from './e2e-world.ts'

/** Opted-in Secrets of a world, of which it is known what each holds. */
export class CertifiedSecrets {
  readonly #world: E2eWorld
  readonly #namespace: string
  readonly #issuer = createAuthority({ name: 'Issuer' })
  /** What each holds, as the operator compares it. */
  readonly #chains = new Map<string, string>()

  /** @param namespace default: the world's first one */
  constructor(world: E2eWorld, namespace: string = world.namespace) {
    this.#world = world
    this.#namespace = namespace
  }

  get names(): string[] {
    return [...this.#chains.keys()]
  }

  /** Fingerprints of what they hold, as the operator compares it. */
  get chains(): ReadonlySet<string> {
    return new Set(this.#chains.values())
  }

  /** Writes a new certificate, each of its own leaf, into these Secrets: some are created, the others are renewed. */
  async put(...names: readonly string[]): Promise<void> {
    await inParallel(names.length, 16, (index) => this.#put(names[index] ?? ''))
  }

  /** Resolves when every one is Synced as what it holds. @param timeoutMs for all of them, default two minutes */
  async synced(timeoutMs = 120_000): Promise<void> {
    const deadline = performance.now() + timeoutMs
    for (const [name, chain] of this.#chains) {
      await this.#world.eventuallyStatus(
        name,
        'Synced as what it holds',
        ({ phase, uploaded }) => phase === 'Synced' && uploaded?.chainFingerprint === chain,
        { namespace: this.#namespace, timeoutMs: Math.max(0, deadline - performance.now()) },
      )
    }
  }

  async #put(name: string): Promise<void> {
    const { admin } = this.#world
    const namespace = this.#namespace
    const issuer = await this.#issuer
    const leaf = await createLeaf({ issuer, commonName: `${name}.example.com` })
    const spec = { chain: [leaf, issuer] }
    if (this.#chains.has(name)) await admin.updateSecret(namespace, name, { data: dataOf(spec) })
    else await this.#world.createSecret(name, spec, namespace)
    this.#chains.set(name, chainFingerprint('SVR', leaf, issuer))
  }
}

/** `PREFIX-1` to `PREFIX-COUNT`. */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`)
}
