/** `namespace/name` of a Secret. */
export type ObjectKey = string

/** Exactly one state of one Secret: a write that names it fails when the Secret has moved on (I4). */
export interface SecretReference {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
}

/** A Secret as one GET saw it. Holds the private key: never stored, queued or logged (I3). */
export interface SecretSnapshot extends SecretReference {
  readonly annotations: Readonly<Record<string, string>>
  /** The data keys the operator reads (tls.crt, tls.key, ca.crt), decoded. */
  readonly data: Readonly<Record<string, Buffer | undefined>>
  /** metadata.deletionTimestamp is set. */
  readonly deleting: boolean
}

/**
 * What became of a status write.
 * `stale`: the Secret changed, vanished or was recreated (409, 404, 422 on uid): observe again.
 * `refused`: the API server will not have it (policy, immutable metadata, size): repeating it at once is pointless.
 */
export type WriteOutcome =
  | { readonly kind: 'written'; readonly resourceVersion: string }
  | { readonly kind: 'stale' }
  | { readonly kind: 'refused'; readonly message: string }

/**
 * Access to Secrets. Every method throws an Error when the API server cannot be reached or answers 401, 403, 429 or 5xx;
 * its `retryAfterMs`, where it has one, is how long the API server asked to wait, at most a minute.
 */
export interface SecretStore {
  /** The Secret now, or undefined when it is gone. */
  get(key: ObjectKey, signal: AbortSignal): Promise<SecretSnapshot | undefined>
  /** Sets (string) and removes (null) annotations with a merge patch that names uid and resourceVersion. */
  annotate(
    reference: SecretReference,
    annotations: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<WriteOutcome>
}

/**
 * What a reflector reports: only that a key must be reconciled, never what the Secret holds. Secrets that never carried the
 * opt-in annotation are not reported at all (I10).
 */
export type SecretChange =
  | {
      readonly kind: 'present'
      readonly key: ObjectKey
      readonly resourceVersion: string
      /** The Secret was found by a list, not by a watch event: nobody is known to have changed it just now. */
      readonly listed: boolean
    }
  /** Deleted, or no longer carrying the opt-in annotation (`optedOut`: the Secret is still there). */
  | { readonly kind: 'gone'; readonly key: ObjectKey; readonly optedOut: boolean }
