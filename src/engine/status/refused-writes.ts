import type { Clock } from '../../clock.ts'
import { splitKey } from '../../contract/object-key.ts'
import type { ObjectKey } from '../../ports/secrets.ts'

/** A refused write is repeated after so long, ms, at the latest. */
const longestMs = 10 * 60_000
/** In each namespace one refused write is repeated in so many ms: it finds out when writes are accepted again. */
const paceMs = 60_000

interface Refusal {
  /** Identifies what was refused. */
  readonly attempt: string
  /** Until when (ms of the monotonic clock) it is not repeated as it was. */
  readonly until: number
}

/** So many are repeated at once when another write of the namespace is accepted: enough that all follow soon. */
const repeatedAtOnce = 2

/**
 * Writes that the API server refused, and when each is repeated: in a namespace one a minute, and each of them within ten
 * minutes. An accepted write has two more repeated at once. If these are accepted, so are two for each of them, and soon all
 * are. However many are refused for ever, a namespace costs one write a minute, one per Secret in ten, and two a minute where
 * others are accepted. A refused write that is accepted at last costs two as well.
 */
export class RefusedWrites {
  readonly #clock: Clock
  readonly #wake: (keys: Iterable<ObjectKey>) => void
  readonly #refusals = new Map<ObjectKey, Refusal>()
  /** By namespace: its keys, the last refused or woken last; when its last repetition is due; when an accepted write woke some. */
  readonly #namespaces = new Map<string, { readonly keys: Set<ObjectKey>; lastAt: number; wokenAt: number }>()

  /** @param wake asks for a reconcile of keys whose write is repeated before its time */
  constructor(clock: Clock, wake: (keys: Iterable<ObjectKey>) => void) {
    this.#clock = clock
    this.#wake = wake
  }

  has(key: ObjectKey): boolean {
    return this.#refusals.has(key)
  }

  /** In how many ms a write may be made: 0 where it is another one than the refused one. */
  waitMs(key: ObjectKey, attempt: string): number {
    const refusal = this.#refusals.get(key)
    return refusal?.attempt === attempt ? Math.max(0, refusal.until - this.#clock.elapsed()) : 0
  }

  /** A write was refused. Returns after how many ms it is repeated. */
  refused(key: ObjectKey, attempt: string): number {
    const now = this.#clock.elapsed()
    const { namespace } = splitKey(key)
    const known = this.#namespaces.get(namespace) ?? {
      ...{ keys: new Set<ObjectKey>(), lastAt: Number.NEGATIVE_INFINITY, wokenAt: Number.NEGATIVE_INFINITY },
    }
    this.#namespaces.set(namespace, known)
    known.keys.delete(key)
    known.keys.add(key)
    const turn = Math.max(now, known.lastAt) + paceMs
    if (turn <= now + longestMs) known.lastAt = turn
    const until = Math.min(turn, now + longestMs)
    this.#refusals.set(key, { attempt, until })
    return until - now
  }

  /** A write was accepted. A write that was never refused has others repeated once a minute, however many there are. */
  accepted(key: ObjectKey): void {
    const wasRefused = this.#refusals.has(key)
    this.forget(key)
    const namespace = this.#namespaces.get(splitKey(key).namespace)
    const now = this.#clock.elapsed()
    if (!namespace || (!wasRefused && now - namespace.wokenAt < paceMs)) return
    if (!wasRefused) namespace.wokenAt = now
    const woken: ObjectKey[] = []
    for (const each of namespace.keys) {
      if (woken.length === repeatedAtOnce) break
      if ((this.#refusals.get(each)?.until ?? now) > now) woken.push(each)
    }
    for (const each of woken) this.#repeatAtOnce(each, namespace.keys, now)
    this.#wake(woken)
  }

  /** Nothing is to be written, or nobody knows the Secret any more. */
  forget(key: ObjectKey): void {
    if (!this.#refusals.delete(key)) return
    const { namespace } = splitKey(key)
    const keys = this.#namespaces.get(namespace)?.keys
    keys?.delete(key)
    if (keys?.size === 0) this.#namespaces.delete(namespace)
  }

  #repeatAtOnce(key: ObjectKey, keys: Set<ObjectKey>, now: number): void {
    const refusal = this.#refusals.get(key)
    if (refusal) this.#refusals.set(key, { ...refusal, until: now })
    keys.delete(key)
    keys.add(key)
  }
}
