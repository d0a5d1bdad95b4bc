import type { FailureClass, Reach } from '../../ports/service-error.ts'

/** The service counts calls within a second. */
export const windowMs = 1_000
/** So long after its start a call that was never answered may still arrive, ms. */
const lateMs = 30_000
/**
 * So long after its connection was reset a call may still arrive, ms: nothing of it leaves this host any more, and what
 * is on the wire crosses the longest ways there are within a second. The rest is for busy machines on both sides.
 */
const wireMs = 2_000
/** So long after its end a call that was never answered counts in a window of the service, if its connection was reset, ms. */
export const endedMs = windowMs + wireMs
/** As many round trips again as there are slots: the first on each connection is slower than those that follow. */
const enough = 20
const kept = 64
/** What a round trip cannot show: how the time was split between the way there and the rest, ms. */
const allowanceMs = 5
/**
 * Of round trips as short as this, ms, a busy processor may be the larger part, ours or the server's: they say little of
 * the way. There is little to gain by them either.
 */
const tooShortMs = 50

/** A slot that is kept after its call. */
export interface Hold {
  /** When it is free again, on the monotonic clock, ms. */
  readonly freeAt: number
  /** Aborted when `freeAt` has become earlier, which happens once. */
  readonly sooner?: AbortSignal
}

/** Of a call whose connection was reset, and that may lie unread with the server. */
interface Unread extends Hold {
  readonly start: number
  readonly end: number
  freeAt: number
  readonly abort: AbortController
}

/**
 * How long a slot stays taken after its call, so that a server that counts an exact sliding window never sees more
 * calls within a second than there are slots (I2).
 *
 * A slot that is held until a second after the response is exact, whatever the network does: the call had arrived by
 * then. Sharper, where round trips are long, and exact as long as the time to the server varies no more than round trips
 * did, from the fastest of all that succeeded to the slowest of the last: a second and that variation after the start. The earlier of the
 * two is taken, but never before the response. The fastest of the last would not do: calls that waited with a busy server
 * are followed by some that did not.
 *
 * A call that was never answered may lie on the way for long: its slot stays taken for 30 s. Where its connection was
 * reset, it lies on the wire for a moment at most, or in the memory of the server's host, whose kernel keeps what has
 * arrived also after RST. There it stays as long as the server reads nothing. So its slot is free 3 s after the end if
 * the server has answered a call that was made a second later, or more; where that answer comes later, a second after it,
 * for the server may have read both at once; else after the 30 s. That takes the service for one server: of several behind
 * one address, one that reads nothing for long, and then all at once, is not seen.
 */
export class SlotPacing {
  readonly #roundTrips: number[] = []
  /** Of those that succeeded, ms. */
  #fastest = Number.POSITIVE_INFINITY
  #lastAnswered = Number.NEGATIVE_INFINITY
  readonly #unread = new Set<Unread>()

  /**
   * The service answered a call, be it with an error. The answer of a gateway does not count: it says nothing of the way to
   * the service, and not that the service reads.
   */
  answered(start: number, end: number, failure?: FailureClass): void {
    this.#lastAnswered = Math.max(this.#lastAnswered, start)
    for (const call of this.#unread) if (isProof(start, call)) this.#isRead(call, end)
    // Throttled at the door: how long the work takes is no part of the way.
    if (failure === 'throttled') return
    const ms = end - start
    // A refusal may come before the work: it must not make the way look, for ever, as if it varied by the work.
    if (failure === undefined) this.#fastest = Math.min(this.#fastest, ms)
    this.#roundTrips.push(ms)
    if (this.#roundTrips.length > kept) this.#roundTrips.shift()
  }

  /** Keeps the slot of a call that ended just now: `start` and `end` are on the same clock, ms. */
  hold(start: number, end: number, reached: Reach): Hold {
    const freeAt = this.#freeAt(start, end, reached)
    for (const call of this.#unread) if (call.freeAt <= end) this.#unread.delete(call)
    if (reached !== 'ended' || freeAt === end + endedMs) return { freeAt }
    const abort = new AbortController()
    const unread = { start, end, freeAt, abort, sooner: abort.signal }
    this.#unread.add(unread)
    return unread
  }

  #isRead(call: Unread, at: number): void {
    this.#unread.delete(call)
    call.freeAt = Math.min(call.freeAt, Math.max(call.end + endedMs, at + windowMs))
    call.abort.abort()
  }

  #freeAt(start: number, end: number, reached: Reach): number {
    if (reached === 'unsent') return end
    const safe = end + windowMs
    if (reached === 'unknown') return Math.max(safe, start + lateMs)
    if (reached === 'ended') {
      const isRead = isProof(this.#lastAnswered, { start })
      return Math.max(end + endedMs, isRead ? 0 : start + lateMs)
    }
    if (this.#roundTrips.length < enough) return safe
    const fastest = Math.min(this.#fastest, ...this.#roundTrips)
    if (fastest < tooShortMs) return safe
    const margin = Math.max(...this.#roundTrips) - fastest
    return Math.max(end, Math.min(safe, start + windowMs + margin + allowanceMs))
  }
}

/** Whether the server has read a call, if it has answered one that was made at `start`. */
function isProof(start: number, call: Pick<Unread, 'start'>): boolean {
  return start >= call.start + windowMs
}
