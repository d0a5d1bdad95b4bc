import type { CertificateType, Chain } from './material.ts'

/**
 * When an upload loses what it is good for, in ms since the Unix epoch. Of a server certificate, that is its own end.
 * Of CA certificates, the end of the earliest that is still valid at `now`: the old certificate of a rotated authority
 * stays in the bundle, often past its end. When all have expired, the end of the last.
 */
export function expiryOf(
  { notAfter, notAfters }: Pick<Chain, 'notAfter' | 'notAfters'>,
  type: CertificateType,
  now: number,
): number {
  if (type === 'SVR') return notAfter
  return notAfters.find((each) => each >= now) ?? notAfters.at(-1) ?? notAfter
}
