/** The value that `share` (0 to 1) of the values do not exceed: nearest rank. Throws without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  if (value === undefined) throw new Error('there are no values')
  return value
}

/** The middle value; of an even number of values the lower one of the two. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/**
 * Events a second of something that repeats itself every `period` events. Each instant (ms, ascending) is compared with
 * the one a whole number of periods later, and the mean is taken over one period: whether the events come evenly or in
 * bursts, none is counted that the time between does not belong to.
 */
export function ratePerSecond(instants: readonly number[], period: number): number {
  const periods = Math.floor((instants.length - period) / period)
  if (periods < 1) throw new Error(`at least ${2 * period} instants are wanted, not ${instants.length}`)
  const rates = Array.from({ length: period }, (_, phase) => {
    const from = instants[phase] ?? Number.NaN
    const to = instants[phase + periods * period] ?? Number.NaN
    return (periods * period * 1_000) / (to - from)
  })
  return rates.reduce((sum, rate) => sum + rate, 0) / period
}
