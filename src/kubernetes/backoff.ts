import { KubernetesError } from './kubernetes-error.ts'

const firstMs = 200
/** Less than client-go's 30 s: two pods are not a thundering herd, and a certificate may wait for the end of an outage. */
const longestMs = 10_000

/**
 * How long to wait before the next attempt, ms: 200 doubling to 10,000, reduced by a random part of up to a half, so
 * that clients do not reconnect all at once after an outage. Never less than a `Retry-After`.
 *
 * @param failures attempts that failed in a row, at least 1.
 * @param random between 0 and 1.
 */
export function backoffMs(failures: number, error: unknown, random: number): number {
  const full = Math.min(longestMs, firstMs * 2 ** (failures - 1))
  const requested = error instanceof KubernetesError ? (error.retryAfterMs ?? 0) : 0
  return Math.max(full * (1 - random / 2), requested)
}
