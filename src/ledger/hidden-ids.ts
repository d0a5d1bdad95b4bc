/** What there is for the statement that lookups do not show everything. */
export interface HiddenEvidence {
  readonly ids: ReadonlySet<string>
  readonly namespaces: ReadonlySet<string>
}

/**
 * Ids that lookups did not find although the service then named them: the credentials do not see them. Each counts as
 * evidence for a day, and as hidden until a lookup shows it. Instants are ms of the monotonic clock.
 */
export class HiddenIds {
  readonly #lifetimeMs: number
  readonly #ids = new Map<string, { readonly namespace: string; readonly at: number }>()

  /** @param lifetimeMs for how long one of them is evidence, ms */
  constructor(lifetimeMs: number) {
    this.#lifetimeMs = lifetimeMs
  }

  /** @param namespace of the Secret for which the service named it */
  learn(certificateId: string, namespace: string, now: number): void {
    this.#ids.set(certificateId, { namespace, at: now })
  }

  /** It is shown, or gone after all. */
  end(certificateId: string): void {
    this.#ids.delete(certificateId)
  }

  /** No lookup has shown it since. */
  has(certificateId: string): boolean {
    return this.#ids.has(certificateId)
  }

  /** That a lookup does not find it proves nothing. */
  excuses(certificateId: string, now: number): boolean {
    const hidden = this.#ids.get(certificateId)
    return hidden !== undefined && now - hidden.at < this.#lifetimeMs
  }

  evidenceAt(now: number): HiddenEvidence {
    const current = [...this.#ids].filter(([, { at }]) => now - at < this.#lifetimeMs)
    return {
      ids: new Set(current.map(([certificateId]) => certificateId)),
      namespaces: new Set(current.map(([, { namespace }]) => namespace)),
    }
  }
}
