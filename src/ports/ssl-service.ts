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
