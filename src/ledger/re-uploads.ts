import { KeyTurns } from '../key-turns.ts'
import type { ObjectKey } from '../ports/secrets.ts'

/** One chain: at once, after six hours, then daily. */
const pausesMs = [0, 6 * 3_600_000, 24 * 3_600_000] as const
/** A new ID for one that was gone proves for this time, ms, that lookups can be trusted. */
const provenForMs = 3_600_000
/** A key that makes no use of its turn keeps the others waiting for so long, ms. */
const turnMs = 30_000
/** No call takes longer, ms. */
const longestCallMs = 60_000
/** A key that tried in vain lets all others that wait go first for so long, ms. */
const afterOthersMs = 60_000
const most = 20_000

/**
 * When certificates that are gone are uploaded again: one at a time, until one of them brings a new id. Should the
 * credentials hide what is there, one key learns it for all. Keys that wait have their turn by namespaces, and those that
 * tried in vain after all others. Instants are ms of the monotonic clock.
 */
export class ReUploads {
  readonly #wake: (keys: readonly ObjectKey[]) => void
  readonly #chains = new Map<string, { count: number; at: number }>()
  readonly #waiting = new KeyTurns()
  /** Those that wait and tried in vain not long ago. */
  readonly #waitingAgain = new KeyTurns()
  /** Keys that may try, and until when the others wait for that. */
  readonly #turns = new Map<ObjectKey, number>()
  /** Keys that try, and when they have ended at the latest. */
  readonly #trying = new Map<ObjectKey, number>()
  /** When keys tried in vain. */
  readonly #inVainAt = new Map<ObjectKey, number>()
  #provenAt = Number.NEGATIVE_INFINITY

  /** @param wake asks for a reconcile of keys that waited: it is their turn */
  constructor(wake: (keys: readonly ObjectKey[]) => void = () => {}) {
    this.#wake = wake
  }

  /**
   * When this chain may be uploaded again; not later than `now`: at once.
   *
   * @param chain the chain, or the chain for one Secret (see `reUploadOf`)
   * @param requested somebody asked for it: it does not wait for hours
   */
  dueAt(chain: string, { requested }: { readonly requested: boolean }, now: number): number {
    const before = requested ? undefined : this.#chains.get(chain)
    return before ? before.at + (pausesMs[Math.min(before.count, pausesMs.length - 1)] ?? 0) : now
  }

  /** Whether it is the key's turn to try. A key that waits is woken when it is. */
  mayTry(key: ObjectKey, now: number): boolean {
    if (this.#isProven(now)) return true
    if (isAnyLeft(this.#trying, now, key)) return false
    // One that lost its turn while it waited for a permit tries when it has one: it would never come to it otherwise.
    if (this.#turns.has(key)) return true
    const others = this.#waiting.size + this.#waitingAgain.size - (this.#isWaiting(key) ? 1 : 0)
    return others === 0 && !isAnyLeft(this.#turns, now)
  }

  /**
   * When a key that may try, and has no permit by then, has to say so again, so that the next one has its turn. Nobody else
   * notices that the time is over. Undefined: it was over before.
   */
  turnEndsAt(key: ObjectKey, now: number): number | undefined {
    const until = this.#turns.get(key) ?? now + turnMs
    return until > now ? until : undefined
  }

  /** A key waits for its turn. */
  waits(key: ObjectKey, group: string, now: number): void {
    this.#turns.delete(key)
    const isAgain = now - (this.#inVainAt.get(key) ?? Number.NEGATIVE_INFINITY) < afterOthersMs
    if (!isAgain) this.#waitingAgain.delete(key)
    if (!this.#waiting.has(key)) (isAgain ? this.#waitingAgain : this.#waiting).add(key, group)
    this.#handOver(now)
  }

  /** A key is about to try, as soon as it has a permit. */
  prepares(key: ObjectKey, now: number): void {
    this.#waitsNoMore(key)
    if (!this.#turns.has(key)) this.#turns.set(key, now + turnMs)
    this.#handOver(now)
  }

  /** A key does not want to try, at least not now. */
  leaves(key: ObjectKey, now: number): void {
    this.#waitsNoMore(key)
    this.#turns.delete(key)
    this.#handOver(now)
  }

  /** The call of a key begins: the others wait until it has ended. */
  begins(key: ObjectKey, now: number): void {
    this.#waitsNoMore(key)
    this.#turns.delete(key)
    this.#trying.set(key, now + longestCallMs)
  }

  /**
   * The re-upload of a key ended.
   *
   * @param replaced the account holds a certificate for it: a new one, or the one that was called gone. If not, it is tried
   * again without a pause
   * @param newId the certificate is new: lookups can be trusted
   */
  ended(
    key: ObjectKey,
    chain: string,
    { replaced, newId }: { readonly replaced: boolean; readonly newId: boolean },
    now: number,
  ): void {
    this.#trying.delete(key)
    if (replaced) this.#replaced(key, chain, now)
    else this.#inVainAt.set(key, now)
    if (newId) this.#provenAt = now
    this.#handOver(now)
  }

  /** The re-upload of a key was given up, or what it needs next is unknown. */
  abandoned(key: ObjectKey, now: number): void {
    this.#trying.delete(key)
    this.leaves(key, now)
  }

  /** A certificate that was called gone was there all the time, or may be: lookups prove nothing until a new id does. */
  distrustLookups(): void {
    this.#provenAt = Number.NEGATIVE_INFINITY
  }

  /** The Secret is gone, or opted out. */
  forget(key: ObjectKey, now: number): void {
    this.#inVainAt.delete(key)
    this.abandoned(key, now)
  }

  #replaced(key: ObjectKey, chain: string, now: number): void {
    this.#inVainAt.delete(key)
    const count = (this.#chains.get(chain)?.count ?? 0) + 1
    this.#chains.delete(chain)
    this.#chains.set(chain, { count, at: now })
    const oldest = this.#chains.keys().next()
    if (this.#chains.size > most && !oldest.done) this.#chains.delete(oldest.value)
  }

  #isProven(now: number): boolean {
    return now - this.#provenAt <= provenForMs
  }

  #isWaiting(key: ObjectKey): boolean {
    return this.#waiting.has(key) || this.#waitingAgain.has(key)
  }

  #waitsNoMore(key: ObjectKey): void {
    this.#waiting.delete(key)
    this.#waitingAgain.delete(key)
  }

  /** Gives the turn to the next key, or once it is proven to all of them. */
  #handOver(now: number): void {
    const isProven = this.#isProven(now)
    if (!isProven && (isAnyLeft(this.#trying, now) || isAnyLeft(this.#turns, now))) return
    const next: ObjectKey[] = []
    for (let key = this.#take(); key !== undefined; key = isProven ? this.#take() : undefined) next.push(key)
    if (!isProven) for (const key of next) this.#turns.set(key, now + turnMs)
    if (next.length > 0) this.#wake(next)
  }

  #take(): ObjectKey | undefined {
    return this.#waiting.take() ?? this.#waitingAgain.take()
  }
}

/** Whether the time of any key is not over, that of `except` left out. */
function isAnyLeft(untils: ReadonlyMap<ObjectKey, number>, now: number, except?: ObjectKey): boolean {
  return [...untils].some(([key, until]) => key !== except && until > now)
}
