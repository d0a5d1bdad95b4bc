import type { Reach } from '../../ports/service-error.ts'

/** The service counts calls within a second. */
export const windowMs = 1_000
/** So long after its start a call that was never answered may still arrive, ms. */
const lateMs = 30_000
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
 * then. Sharper, where round trips are long, and exact as long as the time to the server varies no more than the last of
 * them did: a second and that variation after the start. The earlier of the two is taken, but never before the response.
 * A call that was never answered may lie on the way for long: its slot stays taken for 30 s.
 */
export class SlotPacing {
  readonly #roundTrips: number[] = []

  /** A call was answered after `ms`. Calls without an answer say nothing about the way there: leave them out. */
  answered(ms: number): void {
    this.#roundTrips.push(ms)
    if (this.#roundTrips.length > kept) this.#roundTrips.shift()
  }

  /** When (on the clock of `start` and `end`, ms) the slot is free again. */
  freeAt(start: number, end: number, reached: Reach): number {
    if (reached === 'unsent') return end
    const safe = end + windowMs
    if (reached === 'unknown') return Math.max(safe, start + lateMs)
    if (this.#roundTrips.length < enough) return safe
    const fastest = Math.min(...this.#roundTrips)
    if (fastest < tooShortMs) return safe
    const margin = Math.max(...this.#roundTrips) - fastest
    return Math.max(end, Math.min(safe, start + windowMs + margin + allowanceMs))
  }
}
