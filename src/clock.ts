/**
 * Time is a port: everything that waits or compares instants asks a Clock, so that tests of minutes and hours
 * move one by hand.
 */
export interface Clock {
  /** Wall clock, ms since the Unix epoch. For what is written down or compared with certificates. */
  now(): number
  /** Monotonic clock, ms since an arbitrary start. For pacing and time-outs: a stepped wall clock must not stall us. */
  elapsed(): number
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `callback` once after `ms`. Returns a function that cancels it. */
  after(ms: number, callback: () => void): () => void
}

/** The clock of the machine.  */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = () => {
        cancel()
        reject(signal?.reason)
      }
      const cancel = systemClock.after(ms, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  },
  after(ms, callback) {
    // setTimeout overflows above 2^31-1 ms and would fire at once.
    const timer = setTimeout(callback, Math.min(ms, 2_147_483_647))
    return () => clearTimeout(timer)
  },
}
