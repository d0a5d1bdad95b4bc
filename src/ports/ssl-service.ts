import type { CertificateType } from '../certificate/material.ts'

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

/** A certificate as DescribeCertificates lists it. Lists carry no fingerprint. */
export interface RemoteCertificate {
  readonly certificateId: string
  /** Perhaps cut: how long the service lets an alias be is not documented. */
  readonly alias: string
  readonly type: CertificateType | undefined
  /**
   * ms since the epoch, or undefined where the service's text did not parse. A text without a zone is taken for GMT+8,
   * which was never checked live: it counts only until the date is known from the certificate itself.
   */
  readonly notAfter: number | undefined
  readonly tags: readonly Tag[]
  /** OwnerUin: the account that owns it. */
  readonly ownerUin: string | undefined
}

/** The most IDs that one query may name. */
export const idsPerQuery = 100

/** The most entries of one page: the service's own limit. It may send fewer, even where more follow. */
export const entriesPerPage = 1_000

/**
 * What DescribeCertificates is asked for: the certificates with these IDs, those whose alias contains this text, or those
 * that carry all these tags.
 */
export type CertificateQuery =
  | { readonly by: 'ids'; readonly ids: readonly string[] }
  | { readonly by: 'alias'; readonly alias: string; readonly offset: number }
  | { readonly by: 'tags'; readonly tags: readonly Tag[]; readonly offset: number }

/**
 * One answer of DescribeCertificates. The caller puts pages together: a search is complete when offset + entries reach the
 * total or, without a total, when a page is not full. What a page lacks may still exist: the service lists only what the
 * credentials may see.
 */
export interface CertificatePage {
  /** The certificates that match the query. The service's own filters are fuzzy, so its answer is filtered again. */
  readonly certificates: readonly RemoteCertificate[]
  /** Entries in the answer before filtering: the next page begins at offset + entries. */
  readonly entries: number
  /** How many match in all, as the service says; undefined where it does not say. */
  readonly total: number | undefined
  /** IDs of entries that did not match. Absent where there are none. An entry without a usable ID is in neither list. */
  readonly otherIds?: readonly string[]
}

/** The actions of the SSL service. Each of them has a lane of its own. */
export type ServiceAction = 'UploadCertificate' | 'DescribeCertificates' | 'CheckCertificateExist'

/** Tencent Cloud's SSL service for one account. Every method throws a ServiceError and nothing else. */
export interface CertificateService {
  upload(request: UploadRequest, signal: AbortSignal): Promise<UploadAnswer>
  /** Asks for one page, in one request. A query for nothing (no ids, no alias, no tags) has an empty answer and makes none. */
  describe(query: CertificateQuery, signal: AbortSignal): Promise<CertificatePage>
  /** The id under which the account holds this chain; undefined when it does not. Chinese site only. */
  findByChain(certificate: string, signal: AbortSignal): Promise<string | undefined>
  /** Whether `findByChain` can be asked at this site. */
  readonly canFindByChain: boolean
}
