/** What the heart needs of the world. `kubernetes` and `tencent` implement these; only the composition root knows both. */

import type { CertificateType } from '../certificate/material.ts'
import type { Reason } from '../reasons.ts'

/** `namespace/name` of a Secret. */
export type SecretKey = string

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
  get(key: SecretKey, signal: AbortSignal): Promise<SecretSnapshot | undefined>
  /** Sets (string) and removes (null) annotations with a merge patch that names uid and resourceVersion. */
  annotate(
    reference: SecretReference,
    annotations: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<WriteOutcome>
}

/** Writes Kubernetes Events on Secrets: best effort, aggregated, never an error for the caller. */
export interface EventRecorder {
  record(event: {
    readonly secret: SecretReference
    readonly type: 'Normal' | 'Warning'
    readonly reason: Reason
    /** What the operator was doing, CamelCase (events.k8s.io/v1 `action`). */
    readonly action: string
    readonly message: string
  }): void
}

export type { CertificateType }

/** The parameters of UploadCertificate. Holds the private key: only in flight (I3). */
export interface UploadRequest {
  readonly type: CertificateType
  /** The chain, leaf first, as PEM. */
  readonly certificate: string
  readonly privateKey?: string
  readonly alias?: string
  readonly projectId?: number
  readonly use?: string
  readonly tags: readonly Tag[]
  /** Whether the service may store a copy of a certificate that it has. */
  readonly repeatable: boolean
}

export interface Tag {
  readonly key: string
  readonly value: string
}

export interface UploadAnswer {
  readonly certificateId: string
  /** The service already had the certificate (`RepeatCertId`). */
  readonly existed: boolean
  readonly requestId: string
}

/** A certificate as DescribeCertificates lists it. Without fingerprint: the service does not tell it there. */
export interface RemoteCertificate {
  readonly certificateId: string
  readonly alias: string
  readonly type: CertificateType | undefined
  readonly domain: string
  /** ms since the epoch, or undefined where the service's text did not parse. */
  readonly notBefore: number | undefined
  readonly notAfter: number | undefined
  readonly tags: readonly Tag[]
}

/** The actions of the SSL service. Each of them has a lane of its own. */
export type ServiceAction = 'UploadCertificate' | 'DescribeCertificates' | 'CheckCertificateExist'

/** Tencent Cloud's SSL service for one account. Every method throws a ServiceError and nothing else. */
export interface CertificateService {
  upload(request: UploadRequest, signal: AbortSignal): Promise<UploadAnswer>
  /** The certificates with these ids that still exist. */
  describe(ids: readonly string[], signal: AbortSignal): Promise<RemoteCertificate[]>
  /** The certificates whose alias contains `alias` (the service's search is fuzzy: filter again). */
  findByAlias(alias: string, signal: AbortSignal): Promise<RemoteCertificate[]>
  /** The certificates that carry all these tags. */
  findByTags(tags: readonly Tag[], signal: AbortSignal): Promise<RemoteCertificate[]>
  /** The id under which the account holds this chain; undefined when it does not. Chinese site only. */
  findByChain(certificate: string, signal: AbortSignal): Promise<string | undefined>
  /** Whether `findByChain` can be asked at this site. */
  readonly canFindByChain: boolean
}

/** Whether this process may act in the world. Asked synchronously, right before anything is sent. */
export interface Fence {
  /** @throws NotLeadingError when another process may be the leader */
  check(): void
}

/**
 * What a reflector says: only that a key wants a look, never what the Secret holds. Secrets that never carried the
 * opt-in annotation are not reported at all (I10).
 */
export type SecretChange =
  | {
      readonly kind: 'present'
      readonly key: SecretKey
      readonly resourceVersion: string
      /** The Secret was found by a list, not by a watch event: nobody is known to have changed it just now. */
      readonly listed: boolean
    }
  /** Deleted, or no longer carrying the opt-in annotation (`optedOut`: the Secret is still there). */
  | { readonly kind: 'gone'; readonly key: SecretKey; readonly optedOut: boolean }
