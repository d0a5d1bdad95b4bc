import type { Tag } from './certificate-store.ts'

export const chainTagKey = 'cert-sync/chain'

/** What the tag `cert-sync/chain` of the operator says of a certificate. */
export interface ChainTag {
  /** `SVR:` or `CA:` and 64 hex digits, as the simulator's own `chainFingerprint`. */
  readonly chainFingerprint: string
  /** Of the first certificate, seconds since the Unix epoch. */
  readonly notBefore: number
}

/** @returns undefined where there is no such tag, or not in its form */
export function chainTagOf(tags: readonly Tag[] = []): ChainTag | undefined {
  const value = tags.find(({ TagKey }) => TagKey === chainTagKey)?.TagValue ?? ''
  const [, chainFingerprint, notBefore] = /^((?:SVR|CA):[0-9a-f]{64}):(\d{1,12})$/.exec(value) ?? []
  if (chainFingerprint === undefined) return undefined
  return { chainFingerprint, notBefore: Number(notBefore) }
}
