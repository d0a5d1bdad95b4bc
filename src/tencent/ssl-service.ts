import type {
  CheckCertificateExistRequest,
  DescribeCertificatesRequest,
  Tags,
  UploadCertificateRequest,
} from 'tencentcloud-sdk-nodejs/tencentcloud/services/ssl/v20191205/ssl_models.js'
import { ServiceError } from '../ports/service-error.ts'
import {
  type CertificatePage,
  type CertificateQuery,
  type CertificateService,
  entriesPerPage,
  idsPerQuery,
  type Tag,
  type UploadAnswer,
  type UploadRequest,
} from '../ports/ssl-service.ts'
import { type ApiAnswer, ApiClient, type ApiClientOptions } from './api-client.ts'
import { isCertificateId, matches, readRemoteCertificate } from './certificate-list.ts'
import { classify } from './error-classes.ts'

/** The certificate service with the connections it holds. */
export interface SslService extends CertificateService {
  /** Closes the connections; calls in flight fail. */
  close(): void
}

/**
 * Tencent Cloud's SSL service, version 2019-12-05, at one endpoint. One call of a method is one request, neither
 * repeated nor paced: the lanes do that.
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
      {
        ...{ action: 'UploadCertificate', parameters: uploadParameters(request), cosmeticsSent },
        projectSent: request.projectId !== undefined,
      },
      signal,
    )
    const { CertificateId: id, RepeatCertId: repeated } = answer.fields
    const certificateId = isNothing(id) ? repeated : id
    // A second id that makes no sense does not invalidate the first.
    if (!isCertificateId(certificateId)) throw answer.malformed()
    return { certificateId, existed: !isNothing(repeated), requestId: answer.requestId }
  }

  async describe(query: CertificateQuery, signal: AbortSignal): Promise<CertificatePage> {
    const parameters = describeParameters(query)
    if (parameters === undefined) return noCertificates
    try {
      const answer = await this.#api.call({ action: 'DescribeCertificates', parameters }, signal)
      return readPage(answer, query)
    } catch (error) {
      // Where several IDs are asked for, one that is missing says nothing of the others.
      const single = query.by !== 'ids' || query.ids.length === 1
      if (!single || !isNotFound(error)) throw error
      return noCertificates
    }
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
}

const noCertificates: CertificatePage = { certificates: [], entries: 0, total: 0 }

/** @returns undefined where nothing is asked for; the service takes an empty filter for none, and lists the account */
function describeParameters(query: CertificateQuery): DescribeCertificatesRequest | undefined {
  switch (query.by) {
    case 'ids':
      if (query.ids.length > idsPerQuery) throw failure('DescribeCertificates', 'UnsupportedOperation')
      if (query.ids.length === 0) return undefined
      return { CertIds: [...query.ids], Offset: 0, Limit: idsPerQuery }
    case 'alias':
      if (query.alias === '') return undefined
      return { SearchKey: query.alias, Offset: query.offset, Limit: entriesPerPage }
    case 'tags':
      if (query.tags.length === 0) return undefined
      return { Tags: query.tags.map(toTag), Offset: query.offset, Limit: entriesPerPage }
  }
}

function readPage(answer: ApiAnswer, query: CertificateQuery): CertificatePage {
  const { Certificates: list, TotalCount: count } = answer.fields
  const total = typeof count === 'number' && Number.isSafeInteger(count) ? count : undefined
  if (!Array.isArray(list)) {
    // An empty list may be null, but then nothing else may speak of certificates.
    if (list !== null && list !== undefined) throw answer.malformed()
    if (total === undefined ? list === undefined : total > 0) throw answer.malformed()
    return noCertificates
  }
  // What a search does not show must not pass for what is not there. Of ids, some may well be gone.
  if (query.by !== 'ids' && list.length === 0 && total !== undefined && query.offset < total) {
    throw answer.malformed()
  }
  const listed = list.map(readRemoteCertificate).filter((it) => it !== undefined)
  const otherIds = listed.filter((it) => !matches(it, query)).map((it) => it.certificateId)
  return {
    certificates: listed.filter((it) => matches(it, query)),
    entries: list.length,
    total,
    ...(otherIds.length > 0 && { otherIds }),
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
  return new ServiceError({ action, code, ...classify(code, { action }) })
}
