import type { ObjectKey } from '../../ports/secrets.ts'
import type { FailureClass } from '../../ports/service-error.ts'
import type { ChainProgress, Recorded } from './decision.ts'
import type { Outcome } from './outcomes.ts'

/** The last failed call of a key. */
export interface Failure {
  readonly input: string
  readonly class: FailureClass
  readonly attempt: number
  /** ms of the monotonic clock. */
  readonly until: number
}

/** What the process remembers of one key: ids, hashes and times, never a certificate or key (I3). */
export interface KeyState {
  failure?: Failure | undefined
  /** How the last failed call was told: told again when the write got lost or somebody wiped it. */
  told?: { readonly input: string; readonly outcome: Outcome } | undefined
  plainInput?: string | undefined
  /** What was refused, in words, when `plainInput` was. */
  refusal?: string | undefined
  goneId?: string | undefined
  recorded?: Recorded | undefined
  progress?: ChainProgress | undefined
}

/** The states of the keys that have one. Forgotten with the Secret. */
export class KeyMemory {
  readonly #states = new Map<ObjectKey, KeyState>()

  /** The state of a key, made when there is none. */
  of(key: ObjectKey): KeyState {
    const known = this.#states.get(key)
    if (known) return known
    const fresh: KeyState = {}
    this.#states.set(key, fresh)
    return fresh
  }

  forget(key: ObjectKey): void {
    this.#states.delete(key)
  }

  /** A copy of this chain is being made: whoever found none before has to look again (I1). */
  copyBegins(chainFingerprint: string): void {
    for (const state of this.#states.values()) {
      if (state.progress?.chainFingerprint !== chainFingerprint) continue
      state.progress = { ...state.progress, aliasAsked: false }
    }
  }

  /** These keys need not wait for the end of their back-off; how often they have failed stays. */
  endWait(keys: Iterable<ObjectKey>): void {
    for (const key of keys) {
      const state = this.#states.get(key)
      if (state?.failure) state.failure = { ...state.failure, until: 0 }
    }
  }

  /** Ends the back-off of all keys whose last call failed with one of these, and names them. */
  endBackOff(...classes: readonly FailureClass[]): ObjectKey[] {
    const ended: ObjectKey[] = []
    for (const [key, state] of this.#states) {
      if (!state.failure || !classes.includes(state.failure.class)) continue
      state.failure = undefined
      ended.push(key)
    }
    return ended
  }
}
