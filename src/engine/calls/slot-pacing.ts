import type { Reach } from '../../ports/service-error.ts'

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

/**
 * How long a slot stays taken after its call, so that a server that counts an exact sliding window never sees more
 * calls within a second than there are slots (I2).
 *
 * A slot that is held until a second after the response is exact, whatever the network does: the call had arrived by
 * then. Sharper, where round trips are long, and exact as long as the time to the server varies no more than round trips
 * did, from the fastest of all to the slowest of the last: a second and that variation after the start. The earlier of the
 * two is taken, but never before the response. The fastest of the last would not do: calls that waited with a busy server
 * are followed by some that did not.
 *
 * A call that was never answered may lie on the way for long: its slot stays taken for 30 s. Where its connection was
 * reset, it lies on the wire for a moment at most, or in the memory of the server's host, whose kernel keeps what has
 * arrived also after RST. There it stays as long as the server reads nothing. So its slot is free 3 s after the end if
 * the server has answered a call that was made a second later, or more; else after the 30 s. That takes the service for
 * one server: of several behind one address, one that reads nothing for long, and then all at once, is not seen.
 */
export class SlotPacing {
  readonly #roundTrips: number[] = []
  #fastest = Number.POSITIVE_INFINITY
  #lastAnswered = Number.NEGATIVE_INFINITY

  /** A call that was made at `start` was answered, be it with an error. */
  read(start: number): void {
    this.#lastAnswered = Math.max(this.#lastAnswered, start)
  }

  /** A call was answered after `ms`. Calls without an answer say nothing about the way there: leave them out. */
  answered(ms: number): void {
    this.#fastest = Math.min(this.#fastest, ms)
    this.#roundTrips.push(ms)
    if (this.#roundTrips.length > kept) this.#roundTrips.shift()
  }

  /** When (on the clock of `start` and `end`, ms) the slot is free again. */
  freeAt(start: number, end: number, reached: Reach): number {
    if (reached === 'unsent') return end
    const safe = end + windowMs
    if (reached === 'unknown') return Math.max(safe, start + lateMs)
    if (reached === 'ended') {
      const isRead = this.#lastAnswered >= start + windowMs
      return Math.max(end + endedMs, isRead ? 0 : start + lateMs)
    }
    if (this.#roundTrips.length < enough) return safe
    if (this.#fastest < tooShortMs) return safe
    const margin = Math.max(...this.#roundTrips) - this.#fastest
    return Math.max(end, Math.min(safe, start + windowMs + margin + allowanceMs))
  }
}
