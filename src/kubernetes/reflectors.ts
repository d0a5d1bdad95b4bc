import { Reflector, type ReflectorOptions } from './reflector.ts'
import { type WatchHealth, watchHealth } from './watch-health.ts'

export interface ReflectorsOptions extends Omit<ReflectorOptions, 'namespace' | 'onOutcome'> {
  /** Empty: the whole cluster. */
  readonly namespaces: readonly string[]
}

/** A reflector for each namespace, or one for the cluster, judged as one. */
export class Reflectors {
  readonly #options: ReflectorsOptions
  readonly #reflectors: readonly Reflector[]
  /** The namespaces that were logged as unreadable. */
  #reported: ReadonlyMap<string, string> = new Map()

  constructor(options: ReflectorsOptions) {
    this.#options = options
    const { namespaces, ...shared } = options
    const scopes = namespaces.length > 0 ? namespaces.map((namespace) => ({ namespace })) : [{}]
    this.#reflectors = scopes.map(
      (scope) => new Reflector({ ...shared, ...scope, onOutcome: () => this.#report() }),
    )
  }

  /** Runs until the signal is aborted, and resolves then. Never rejects. Can be called once. */
  async start(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map((it) => it.start(signal)))
  }

  /** Readiness, age of the data, and which namespaces cannot be read. */
  health(): WatchHealth {
    return watchHealth(
      this.#reflectors.map((it) => ({
        namespace: it.namespace,
        hasSynced: it.hasSynced,
        silenceMs: it.silenceMs(),
        failure: it.failure,
      })),
    )
  }

  /** The longest `attemptAgeMs` of a reflector, for liveness (I8). */
  attemptAgeMs(): number {
    return Math.max(...this.#reflectors.map((it) => it.attemptAgeMs()))
  }

  /** One log line when a namespace becomes unreadable, and one when it can be read again. */
  #report(): void {
    const { log } = this.#options
    const { unreadable } = this.health()
    for (const [namespace, error] of unreadable) {
      if (!this.#reported.has(namespace)) {
        log.warn({ namespace, error }, 'failed to read the Secrets of the namespace; retrying')
      }
    }
    for (const namespace of this.#reported.keys()) {
      if (!unreadable.has(namespace))
        log.info({ namespace }, 'the Secrets of the namespace can be read again')
    }
    this.#reported = unreadable
  }
}
