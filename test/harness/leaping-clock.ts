import { type Clock, systemClock } from '../../src/clock.ts'

interface Timer {
  readonly due: number
  readonly callback: () => void
  cancel: () => void
}

/**
 * The machine's clock, which leaps ahead when it is told to, as if the machine had slept: what fell due meanwhile is
 * called once, in its order, at the new time. For hours that a test has no time to wait for while everything else,
 * sockets above all, goes on as usual.
 */
export class LeapingClock implements Clock {
  readonly #timers = new Set<Timer>()
  #aheadMs = 0

  now(): number {
    return systemClock.now() + this.#aheadMs
  }

  elapsed(): number {
    return systemClock.elapsed() + this.#aheadMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = () => {
        cancel()
        reject(signal?.reason)
      }
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  after(ms: number, callback: () => void): () => void {
    const timer: Timer = { due: this.elapsed() + Math.max(0, ms), callback, cancel: () => {} }
    this.#timers.add(timer)
    this.#arm(timer)
    return () => this.#drop(timer)
  }

  /** Time is `ms` later, at once. */
  leap(ms: number): void {
    this.#aheadMs += ms
    for (const timer of [...this.#timers].sort((a, b) => a.due - b.due)) {
      // One that was called before may have cancelled it.
      if (!this.#timers.has(timer)) continue
      timer.cancel()
      if (timer.due <= this.elapsed()) this.#fire(timer)
      else this.#arm(timer)
    }
  }

  #arm(timer: Timer): void {
    timer.cancel = systemClock.after(timer.due - this.elapsed(), () => {
      // Real timers end early where the wait is longer than they can count.
      if (timer.due > this.elapsed() + 1) this.#arm(timer)
      else this.#fire(timer)
    })
  }

  #fire(timer: Timer): void {
    this.#drop(timer)
    timer.callback()
  }

  #drop(timer: Timer): void {
    timer.cancel()
    this.#timers.delete(timer)
  }
}
