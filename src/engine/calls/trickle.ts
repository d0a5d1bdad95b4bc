import type { Clock } from '../../clock.ts'
import type { CallLane } from './call-lane.ts'
import type { Silence } from './silence.ts'

/** How soon a lane is asked again that has no free slot, ms. */
const noSlotMs = 1_000

export interface TrickleParts {
  readonly clock: Clock
  readonly silence: Silence
  readonly lanes: readonly CallLane[]
  /** Nobody waits in any lane: asks a key to try, where there is one. */
  readonly probe: () => void
}

/**
 * While the service is silent, lets single calls through the lanes, as far apart as Silence says. Lanes take turns; those
 * in which a key waits that has not failed go first.
 */
export class Trickle {
  readonly #parts: TrickleParts
  readonly #lanes: CallLane[]
  /** A key was let through that has not made its call yet. */
  #passing: symbol | undefined
  #probeAt = Number.NEGATIVE_INFINITY
  #closed = false
  #cancel = () => {}

  constructor(parts: TrickleParts) {
    this.#parts = parts
    this.#lanes = [...parts.lanes]
  }

  begin(): void {
    for (const lane of this.#lanes) lane.shut()
    this.turn()
  }

  end(): void {
    this.#cancel()
    this.#passing = undefined
    for (const lane of this.#lanes) lane.reopen()
  }

  close(): void {
    this.#closed = true
    this.#cancel()
  }

  /** A call is about to be made. */
  called(): void {
    this.#passing = undefined
    this.turn()
  }

  /** Lets the next one through, now or when it is time. Nothing where the service is not silent. */
  turn(): void {
    const { clock, silence, probe } = this.#parts
    this.#cancel()
    if (this.#closed || !silence.silent || this.#passing) return
    const now = clock.elapsed()
    if (now < silence.nextCallAt) {
      this.#turnAfter(silence.nextCallAt - now)
    } else if (this.#letOneThrough()) {
      return
    } else if (this.#lanes.some((it) => it.depth > 0)) {
      this.#turnAfter(noSlotMs)
    } else if (now < this.#probeAt) {
      this.#turnAfter(this.#probeAt - now)
    } else {
      this.#probeAt = now + silence.gapMs
      this.#turnAfter(silence.gapMs)
      probe()
    }
  }

  #letOneThrough(): boolean {
    const fresh = this.#lanes.filter((it) => it.hasFresh)
    for (const lane of [...fresh, ...this.#lanes.filter((it) => !fresh.includes(it))]) {
      const pass = Symbol('pass')
      // Before: it may make its call at once.
      this.#passing = pass
      const served = lane.letOneThrough()
      if (!served) continue
      this.#lanes.splice(this.#lanes.indexOf(lane), 1)
      this.#lanes.push(lane)
      served.finally(() => {
        // It made no call.
        if (this.#passing === pass) this.called()
      })
      return true
    }
    this.#passing = undefined
    return false
  }

  #turnAfter(ms: number): void {
    this.#cancel()
    this.#cancel = this.#parts.clock.after(ms, () => this.turn())
  }
}
