/** What is uploaded: a server certificate with its key (`tls.crt`, `tls.key`), or CA certificates alone (`ca.crt`). */
export type CertificateType = 'SVR' | 'CA'

/**
 * The largest PEM texts, in bytes, that an upload may carry: one certificate, the private key, the whole chain.
 * They apply to the clean PEM that is sent, so comments and bag attributes in the Secret do not count.
 */
export const sizeLimits = { certificate: 36_500, key: 13_000, chain: 95_000 } as const

/**
 * So many different certificates are read: OpenSSL takes up to a tenth of a millisecond for each. No chain has as many,
 * and no bundle of real authorities within the size limit: of those that operating systems come with, 82 fit.
 */
export const maximumCertificates: Readonly<Record<CertificateType, number>> = { SVR: 100, CA: 150 }

/**
 * What is known of the certificates of a Secret, in the order in which they are sent. Public data without any PEM, and
 * small: safe to keep.
 */
export interface Chain {
  /** SHA-256 of the leaf's DER, lower-case hex. For `CA` the first certificate stands for the leaf. */
  readonly fingerprint: string
  /** `SVR:` or `CA:` and the hex SHA-256 over the DER of all certificates as they are sent. */
  readonly chainFingerprint: string
  /** Of the leaf; ms since the Unix epoch. */
  readonly notBefore: number
  /** Of the leaf; ms since the Unix epoch. When the whole is of use no more: see expiryOf. */
  readonly notAfter: number
  /** Of all certificates, the earliest first; ms since the Unix epoch. */
  readonly notAfters: readonly number[]
  /** The leaf's common name, else its first DNS name, else empty. At most 256 characters, none of them a control. */
  readonly domain: string
  /** Empty when the issuer has none. At most 256 characters. */
  readonly issuerCommonName: string
  /** The leaf is a CA certificate (basicConstraints). */
  readonly authority: boolean
  /** How many certificates there are. */
  readonly length: number
}

/** Why there is no chain. `detail` is a clause for people that names the data key's part, e.g. "line 3: ...". */
export type ChainProblem =
  | { readonly kind: 'missing' }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'unreadable'; readonly detail: string }
  /** A certificate whose key is of a kind that is not read, or would take long to use. */
  | { readonly kind: 'unsupported-key'; readonly detail: string }
  /** A certificate with an extension that takes long to read. */
  | { readonly kind: 'unsupported-extension'; readonly detail: string }

/**
 * The private key as far as it concerns the certificate. `mismatch`: a readable key that does not belong to the leaf,
 * or there is no leaf to belong to. `not-needed`: a CA is uploaded without a key.
 */
export type PrivateKeyState = 'matches' | 'mismatch' | 'missing' | 'encrypted' | 'unreadable' | 'not-needed'

/** Sizes in bytes of the clean PEM texts; 0 for what is missing, not PEM or not read. */
export interface MaterialSizes {
  /** The largest single certificate. */
  readonly certificate: number
  readonly chain: number
  readonly key: number
}

/** What is known of a Secret's material. Plain data without PEM and without the key: safe to keep. */
export interface MaterialFacts {
  readonly type: CertificateType
  /** Absent when the certificates cannot be read or exceed a limit; then `problem` says why. */
  readonly chain?: Chain
  readonly problem?: ChainProblem
  readonly key: PrivateKeyState
  /** With `key` `unreadable`: why, a clause free of anything from the key. */
  readonly keyProblem?: string
  readonly sizes: MaterialSizes
  /** The chain fingerprint, or `raw:` and the hex SHA-256 of the certificate bytes when there is no chain. */
  readonly inputHash: string
}

/**
 * What a Secret has to offer for an upload. It can reach the private key: it must not outlive the reconcile (I3).
 */
export interface Material extends MaterialFacts {
  /**
   * The clean chain: LF, 64 columns, nothing around or between the blocks, no newline at the end. Read anew from the
   * Secret's data at each call. Throws when there is no chain.
   */
  chainPem(): string
  /**
   * The private key as clean PEM, read anew from the Secret's data at each call so that nothing else holds it. In the
   * form that the Secret has it in, or as PKCS#8, which a service may read that does not read the other form; where
   * OpenSSL writes one form only, both are that one. Throws when `key` is not `matches`, and at no other time.
   */
  keyPem(form?: 'pkcs8'): string
}
