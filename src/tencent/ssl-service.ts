import type {
  CheckCertificateExistRequest,
  DescribeCertificatesRequest,
  Tags,
  UploadCertificateRequest,
} from 'tencentcloud-sdk-nodejs/tencentcloud/services/ssl/v20191205/ssl_models.js'
import { ServiceError } from '../ports/service-error.ts'
import type {
  CertificateService,
  RemoteCertificate,
  Tag,
  UploadAnswer,
  UploadRequest,
} from '../ports/ssl-service.ts'
import { ApiClient, type ApiClientOptions } from './api-client.ts'
import { isCertificateId, readRemoteCertificate } from './certificate-list.ts'
import { classify } from './error-classes.ts'

/** The certificate service with the connections it holds. */
export interface SslService extends CertificateService {
  /** Closes the connections; calls in flight fail. */
  close(): void
}

/** Ids in one DescribeCertificates. */
const idsPerCall = 100
/** A search is read in pages, at most this many: each is a call of its own against the rate limit. */
const pageSize = 500
const maxPages = 4

/**
 * Tencent Cloud's SSL service, version 2019-12-05, at one endpoint. Calls are neither repeated nor paced: the lanes do
 * that. Longer lists of ids and searches with many matches take several calls, one after the other.
 */
export function createSslService(options: ApiClientOptions): SslService {
  return new TencentSslService(options)
}

class TencentSslService implements SslService {
  readonly canFindByChain: boolean
  readonly #api: ApiClient

  constructor(options: ApiClientOptions) {
    this.canFindByChain = options.endpoint.site === 'china'
    this.#api = new ApiClient(options)
  }

  async upload(request: UploadRequest, signal: AbortSignal): Promise<UploadAnswer> {
    // The alias by which a copy is found again is none: it is sent in any case.
    const alias = request.repeatable ? undefined : request.alias
    const cosmeticsSent = alias !== undefined || request.use !== undefined || request.tags.length > 0
    const answer = await this.#api.call(
      { action: 'UploadCertificate', parameters: uploadParameters(request), cosmeticsSent },
      signal,
    )
    const { CertificateId: id, RepeatCertId: repeated } = answer.fields
    const certificateId = isNothing(id) ? repeated : id
    // A second id that makes no sense is no reason to lose the first.
    if (!isCertificateId(certificateId)) throw answer.malformed()
    return { certificateId, existed: !isNothing(repeated), requestId: answer.requestId }
  }

  async describe(ids: readonly string[], signal: AbortSignal): Promise<RemoteCertificate[]> {
    const found: RemoteCertificate[] = []
    for (let start = 0; start < ids.length; start += idsPerCall) {
      const batch = ids.slice(start, start + idsPerCall)
      const { certificates } = await this.#page({ CertIds: batch, Offset: 0, Limit: idsPerCall }, signal)
      // Should the service ever pass over the filter, its other certificates are none of ours.
      found.push(...certificates.filter((it) => batch.includes(it.certificateId)))
    }
    return found
  }

  async findByAlias(alias: string, signal: AbortSignal): Promise<RemoteCertificate[]> {
    if (alias === '') return []
    const matches = await this.#search({ SearchKey: alias }, signal)
    return matches.filter((it) => it.alias.includes(alias))
  }

  async findByTags(tags: readonly Tag[], signal: AbortSignal): Promise<RemoteCertificate[]> {
    if (tags.length === 0) return []
    const matches = await this.#search({ Tags: tags.map(toTag) }, signal)
    return matches.filter((it) =>
      tags.every(({ key, value }) => it.tags.some((tag) => tag.key === key && tag.value === value)),
    )
  }

  async findByChain(certificate: string, signal: AbortSignal): Promise<string | undefined> {
    const action = 'CheckCertificateExist'
    if (!this.canFindByChain) throw failure(action, 'UnsupportedOperation')
    const parameters: CheckCertificateExistRequest = { CertificatePublicKey: certificate }
    try {
      const answer = await this.#api.call({ action, parameters }, signal)
      const { RepeatCertId: id } = answer.fields
      if (isNothing(id)) return undefined
      if (!isCertificateId(id)) throw answer.malformed()
      return id
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  close(): void {
    this.#api.close()
  }

  async #search(filter: DescribeCertificatesRequest, signal: AbortSignal): Promise<RemoteCertificate[]> {
    const found = new Map<string, RemoteCertificate>()
    let offset = 0
    for (let page = 1; page <= maxPages; page += 1) {
      const { certificates, entries, total } = await this.#page(
        { ...filter, Offset: offset, Limit: pageSize },
        signal,
      )
      for (const certificate of certificates) found.set(certificate.certificateId, certificate)
      offset += entries
      // The service may cap the page below what was asked for: its total says whether there is more.
      const complete = total === undefined ? entries < pageSize : offset >= total
      if (complete) return [...found.values()]
    }
    // Half a search would look like "not there", and lead to a second upload.
    throw failure('DescribeCertificates', 'TooManyMatches')
  }

  async #page(
    parameters: DescribeCertificatesRequest,
    signal: AbortSignal,
  ): Promise<{ certificates: RemoteCertificate[]; entries: number; total: number | undefined }> {
    try {
      const answer = await this.#api.call({ action: 'DescribeCertificates', parameters }, signal)
      const { Certificates: list, TotalCount: count } = answer.fields
      const total = typeof count === 'number' && Number.isSafeInteger(count) ? count : undefined
      if (Array.isArray(list)) {
        // What a search does not show must not pass for what is not there. Of ids, some may well be gone.
        const { CertIds: ids, Offset: offset = 0 } = parameters
        if (ids === undefined && list.length === 0 && total !== undefined && offset < total) {
          throw answer.malformed()
        }
        const certificates = list.map(readRemoteCertificate).filter((it) => it !== undefined)
        return { certificates, entries: list.length, total }
      }
      // An empty list may be null, but then nothing else may speak of certificates.
      if (list !== null && list !== undefined) throw answer.malformed()
      if (total === undefined ? list === undefined : total > 0) throw answer.malformed()
    } catch (error) {
      const single = parameters.CertIds === undefined || parameters.CertIds.length === 1
      if (!single || !isNotFound(error)) throw error
    }
    return { certificates: [], entries: 0, total: 0 }
  }
}

function uploadParameters(request: UploadRequest): UploadCertificateRequest {
  const { privateKey, alias, projectId, use, tags } = request
  return {
    CertificatePublicKey: request.certificate,
    ...(privateKey !== undefined && { CertificatePrivateKey: privateKey }),
    CertificateType: request.type,
    ...(alias !== undefined && { Alias: alias }),
    ...(projectId !== undefined && { ProjectId: projectId }),
    ...(use !== undefined && { CertificateUse: use }),
    ...(tags.length > 0 && { Tags: tags.map(toTag) }),
    // Always said: the service's own default is true and stores a copy for every repeated call.
    Repeatable: request.repeatable,
  }
}

function toTag({ key, value }: Tag): Tags {
  return { TagKey: key, TagValue: value }
}

/** `null`, an empty text and an absent field all mean that there is no id. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

function isNotFound(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'FailedOperation.CertificateNotFound'
}

function failure(action: 'DescribeCertificates' | 'CheckCertificateExist', code: string): ServiceError {
  return new ServiceError({ action, code, ...classify(code, { action, cosmeticsSent: false }) })
}
