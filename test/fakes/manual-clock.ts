import type { Clock } from '../../src/clock.ts'

/** A clock that stands still until it is moved by hand. `now` and `elapsed` move together, unless the wall is set. */
export interface ManualClock extends Clock {
  /**
   * Moves time on by `ms`, calling what falls due in its order, each at its own time. Before each, and at the end, it
   * lets microtasks and a few turns of the event loop run, so that what a timer sets off can ask for the next one.
   * Answers over real sockets may need longer: wait for what they bring about.
   */
  advance(ms: number): Promise<void>
  /** Somebody sets the wall clock forth or, with a negative number, back. */
  stepWall(ms: number): void
  /** How many timers are waiting. */
  pending(): number
}

interface Timer {
  readonly due: number
  readonly callback: () => void
}

/** @param startMs what `now` says at first, ms since the Unix epoch. */
export function createManualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  const timers = new Set<Timer>()
  let elapsed = 0
  let step = 0

  const clock: ManualClock = {
    now: () => startMs + elapsed + step,
    elapsed: () => elapsed,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const abort = () => {
          cancel()
          reject(signal?.reason)
        }
        const cancel = clock.after(ms, () => {
          signal?.removeEventListener('abort', abort)
          resolve()
        })
        signal?.addEventListener('abort', abort, { once: true })
      })
    },
    after(ms, callback) {
      const timer = { due: elapsed + Math.max(0, ms), callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    async advance(ms) {
      const target = elapsed + ms
      for (;;) {
        await turn()
        const next = earliest(timers)
        if (next === undefined || next.due > target) break
        timers.delete(next)
        elapsed = Math.max(elapsed, next.due)
        next.callback()
      }
      elapsed = target
      await turn()
    },
    stepWall(ms) {
      step += ms
    },
    pending: () => timers.size,
  }
  return clock
}

/** Of those that are due at the same time, the one that was set first: a Set keeps that order. */
function earliest(timers: Iterable<Timer>): Timer | undefined {
  let first: Timer | undefined
  for (const timer of timers) if (first === undefined || timer.due < first.due) first = timer
  return first
}

/**
 * Lets everything run that is ready: microtasks, sockets and files, several times round the event loop, since work yields
 * to it between two keys.
 */
async function turn(): Promise<void> {
  for (let round = 0; round < 10; round++) await new Promise((resolve) => setImmediate(resolve))
}
