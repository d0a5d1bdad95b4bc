import { isReason, type Reason } from '../reasons.ts'
import { statusKeys } from './annotation-keys.ts'

export type Phase = 'Synced' | 'Pending' | 'Failed' | 'Rejected'

/** What the operator wrote about one upload: it counts only as a whole. */
export interface Uploaded {
  readonly certificateId: string
  /** Configured account name and endpoint host, `name@host`. */
  readonly account: string
  /** SHA-256 of the leaf's DER, lower-case hex. */
  readonly fingerprint: string
  /** `SVR:` or `CA:` and the SHA-256 over the DER of the chain. */
  readonly chainFingerprint: string
}

export interface PreviousCertificate {
  readonly certificateId: string
  /** The first hex digits of the chain fingerprint. */
  readonly chainPrefix: string
}

/** What is on record of the cosmetics of an upload: `v1:<hash>`, then what was refused and with which code. */
export interface SentSettings {
  /** `v1:` and a hash of alias, use, project and tags. */
  readonly hash: string
  /** What was left out because the service refused it; none: nothing. */
  readonly refused: readonly RefusedSettings[]
  /** The code with which this input was refused; undefined: others were, before. */
  readonly code: string | undefined
}

/** Words that are stored: `settings` (alias, use and the user's tags), `chain-tag`, `all-tags`. */
export const refusedSettings = ['settings', 'chain-tag', 'all-tags'] as const
export type RefusedSettings = (typeof refusedSettings)[number]

/** The status annotations, as far as they are well-formed. */
export interface Status {
  readonly uploaded: Uploaded | undefined
  /** RFC 3339. */
  readonly notAfter: string | undefined
  /** RFC 3339. */
  readonly syncedAt: string | undefined
  readonly previous: readonly PreviousCertificate[]
  readonly origin: 'Uploaded' | 'Adopted' | undefined
  /** Chain fingerprint. */
  readonly intent: string | undefined
  /** What was sent, or refused, when the certificate was uploaded. */
  readonly settings: SentSettings | undefined
  readonly phase: Phase | undefined
  readonly reason: Reason | undefined
  readonly message: string | undefined
  readonly rejectedFor: string | undefined
  /** ms since the epoch. */
  readonly rejectedAt: number | undefined
  readonly handledRequest: string | undefined
}

/** The status annotations to set (text) or to remove (null). What is not named stays. */
export type StatusChange = Partial<Record<keyof typeof statusKeys, string | null>>

const chainPrefixLength = 12
const maxPrevious = 10

/** Reads the status annotations. What is not well-formed is treated as absent; never throws. */
export function readStatus(annotations: Readonly<Record<string, string>>): Status {
  const text = (key: keyof typeof statusKeys, pattern: RegExp) => {
    const value = Object.hasOwn(annotations, statusKeys[key]) ? annotations[statusKeys[key]] : undefined
    return value !== undefined && pattern.test(value) ? value : undefined
  }
  const reason = text('reason', /^[A-Za-z]+$/)
  const rejectedAt = Date.parse(text('rejectedAt', time) ?? '')
  return {
    uploaded: readUploaded(text),
    notAfter: text('notAfter', time),
    syncedAt: text('syncedAt', time),
    previous: readPrevious(text('previousCertificateId', /^[^\n]{1,2000}$/)),
    origin: text('origin', /^(Uploaded|Adopted)$/) as Status['origin'],
    intent: text('intent', chain),
    settings: readSent(text('settings', /^v1:[0-9a-f]{64}( without [a-z,-]{1,64}( [\w.]{1,200})?)?$/)),
    phase: text('phase', /^(Synced|Pending|Failed|Rejected)$/) as Phase | undefined,
    reason: isReason(reason) ? reason : undefined,
    message: text('message', /./),
    rejectedFor: text('rejectedFor', /^[0-9a-f]{64}$/),
    rejectedAt: Number.isNaN(rejectedAt) ? undefined : rejectedAt,
    handledRequest: text('handledRequest', /./),
  }
}

const id = /^[A-Za-z0-9_-]{1,64}$/
const chain = /^(SVR|CA):[0-9a-f]{64}$/
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

function readUploaded(
  text: (key: keyof typeof statusKeys, pattern: RegExp) => string | undefined,
): Uploaded | undefined {
  const certificateId = text('certificateId', id)
  const account = text('account', /^[^\s@]+@[^\s@]+$/)
  const fingerprint = text('fingerprint', /^[0-9a-f]{64}$/)
  const chainFingerprint = text('chainFingerprint', chain)
  if (!certificateId || !account || !fingerprint || !chainFingerprint) return undefined
  return { certificateId, account, fingerprint, chainFingerprint }
}

function readSent(text: string | undefined): SentSettings | undefined {
  const [hash, , words = '', code] = text?.split(' ') ?? []
  const named = words.split(',')
  return hash ? { hash, refused: refusedSettings.filter((it) => named.includes(it)), code } : undefined
}

/** The value of the `settings` annotation. */
export function writeSent({ hash, refused, code }: SentSettings): string {
  if (refused.length === 0) return hash
  return `${hash} without ${refused.join(',')}${code ? ` ${code}` : ''}`
}

function readPrevious(text: string | undefined): PreviousCertificate[] {
  return (text ?? '').split(',').flatMap((entry) => {
    const [certificateId, chainPrefix, ...rest] = entry.split('@')
    const wellFormed =
      certificateId && id.test(certificateId) && chainPrefix && /^[0-9a-f]{12}$/.test(chainPrefix)
    return wellFormed && rest.length === 0 ? [{ certificateId, chainPrefix }] : []
  })
}

/** The prefix under which a chain is remembered among the previous ids. */
export function chainPrefix(chainFingerprint: string): string {
  return chainFingerprint.slice(chainFingerprint.indexOf(':') + 1).slice(0, chainPrefixLength)
}

/** `previous-certificate-id` after `next` took the place of `superseded`: newest first, at most ten, or null. */
export function supersede(
  previous: readonly PreviousCertificate[],
  superseded: Uploaded | undefined,
  next: string,
): string | null {
  const head = superseded
    ? [{ certificateId: superseded.certificateId, chainPrefix: chainPrefix(superseded.chainFingerprint) }]
    : []
  const seen = new Set([next])
  const kept = [...head, ...previous].filter(
    (it) => !seen.has(it.certificateId) && seen.add(it.certificateId),
  )
  const text = kept.slice(0, maxPrevious).map((it) => `${it.certificateId}@${it.chainPrefix}`)
  return text.length > 0 ? text.join(',') : null
}

/** A change by the whole keys of its annotations. */
export function toAnnotations(change: StatusChange): Record<string, string | null> {
  const entries = Object.entries(change).flatMap(([name, value]): [string, string | null][] =>
    value === undefined ? [] : [[statusKeys[name as keyof typeof statusKeys], value]],
  )
  return Object.fromEntries(entries)
}
