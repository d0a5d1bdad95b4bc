import type { Chain } from '../../certificate/material.ts'
import type { Clock } from '../../clock.ts'
import { aliasWithSuffix } from '../../contract/alias.ts'
import type { Observed } from '../../contract/observe.ts'
import { copySuffix, ownershipTags } from '../../contract/ownership.ts'
import type { Metrics } from '../../ports/metrics.ts'
import { ServiceError } from '../../ports/service-error.ts'
import {
  type CertificatePage,
  type CertificateQuery,
  type CertificateService,
  entriesPerPage,
  type RemoteCertificate,
  type ServiceAction,
  type UploadAnswer,
} from '../../ports/ssl-service.ts'
import { holdsOtherChain } from './decide.ts'
import type { Decision, Search } from './decision.ts'

/** Pages of one search, at most. */
const maxPages = 4

/** The action that a decision calls, or undefined when it calls none. */
export function actionOf(decision: Decision): ServiceAction | undefined {
  switch (decision.kind) {
    case 'Upload':
      return 'UploadCertificate'
    case 'Verify':
      return 'DescribeCertificates'
    case 'Find':
      return decision.search.by === 'chain' ? 'CheckCertificateExist' : 'DescribeCertificates'
    default:
      return undefined
  }
}

/** The calls of the service, made from what was observed. All throw ServiceError alone. */
export class ServiceCalls {
  readonly #service: CertificateService
  readonly #cluster: string
  readonly #metrics: Metrics
  readonly #clock: Clock

  constructor(service: CertificateService, cluster: string, metrics: Metrics, clock: Clock) {
    this.#service = service
    this.#cluster = cluster
    this.#metrics = metrics
    this.#clock = clock
  }

  /** Uploads the observed chain. The private key is read here and goes no further than the request (I3). */
  upload(
    observed: Observed,
    decision: Extract<Decision, { kind: 'Upload' }>,
    signal: AbortSignal,
  ): Promise<UploadAnswer> {
    const { wanted, settings, material } = observed
    const { plain, copySuffix } = decision
    const alias = copySuffix ? aliasWithSuffix(plain ? '' : wanted.alias, copySuffix) : wanted.alias
    return this.#counted('UploadCertificate', () =>
      this.#service.upload(
        {
          type: settings.type,
          certificate: (material.chain as Chain).pem,
          ...(settings.type === 'SVR' ? { privateKey: material.keyPem() } : {}),
          // The suffix of a copy is what a crash is recovered by: never left out.
          ...(plain && !copySuffix ? {} : { alias: alias.trim() }),
          ...(plain || wanted.use === undefined ? {} : { use: wanted.use }),
          ...(settings.projectId === undefined ? {} : { projectId: settings.projectId }),
          tags: plain ? [] : wanted.tags,
          repeatable: copySuffix !== undefined,
        },
        signal,
      ),
    )
  }

  /** Whether the id still exists. */
  async exists(certificateId: string, signal: AbortSignal): Promise<boolean> {
    const { certificates } = await this.#page({ by: 'ids', ids: [certificateId] }, signal)
    return certificates.some((it) => it.certificateId === certificateId)
  }

  /** The id of the observed certificate as the search finds it, or undefined. */
  async find(observed: Observed, search: Search, signal: AbortSignal): Promise<string | undefined> {
    const chain = observed.material.chain as Chain
    if (search.by === 'chain') {
      return this.#counted('CheckCertificateExist', () => this.#service.findByChain(chain.pem, signal))
    }
    const candidates = await this.#candidates(observed, search, signal)
    const found = candidates.filter((it) => mayBe(it, observed, chain))
    switch (search.by) {
      case 'previous':
      case 'candidate':
        return found.find((it) => it.certificateId === search.certificateId)?.certificateId
      case 'alias':
        return found.find((it) => it.alias.endsWith(search.suffix))?.certificateId
      case 'tags':
        return this.#onlyOne(observed, found)
    }
  }

  /** Which of those that carry our tags it is. Two that cannot be told apart: neither is taken (I6). */
  #onlyOne(observed: Observed, found: readonly RemoteCertificate[]): string | undefined {
    const { secret, status, material, settings } = observed
    const chain = material.chain as Chain
    const owner = { cluster: this.#cluster, namespace: secret.namespace, name: secret.name }
    const suffix = copySuffix(owner, chain.chainFingerprint, settings.repeatable)
    const possible = found.filter((it) => !holdsOtherChain(status, it.certificateId, chain))
    if (possible.length === 0) return found[0]?.certificateId
    const copy = possible.find((it) => it.alias.endsWith(suffix))
    return (copy ?? (possible.length === 1 ? possible[0] : undefined))?.certificateId
  }

  async #candidates(
    { secret }: Observed,
    search: Exclude<Search, { by: 'chain' }>,
    signal: AbortSignal,
  ): Promise<readonly RemoteCertificate[]> {
    switch (search.by) {
      case 'previous':
      case 'candidate':
        return (await this.#page({ by: 'ids', ids: [search.certificateId] }, signal)).certificates
      case 'alias':
        return this.#search((offset) => ({ by: 'alias', alias: search.suffix, offset }), signal)
      case 'tags': {
        const { namespace, name } = secret
        const tags = ownershipTags({ cluster: this.#cluster, namespace, name })
        return this.#search((offset) => ({ by: 'tags', tags, offset }), signal)
      }
    }
  }

  async #search(
    queryAt: (offset: number) => CertificateQuery,
    signal: AbortSignal,
  ): Promise<RemoteCertificate[]> {
    const found = new Map<string, RemoteCertificate>()
    let offset = 0
    for (let page = 1; page <= maxPages; page += 1) {
      const { certificates, entries, total } = await this.#page(queryAt(offset), signal)
      for (const certificate of certificates) found.set(certificate.certificateId, certificate)
      offset += entries
      // The service may cap the page below what was asked for: its total says whether there is more.
      const complete = total === undefined ? entries < entriesPerPage : offset >= total
      if (complete) return [...found.values()]
    }
    // Half a search would look like "not there", and lead to a second upload.
    throw new ServiceError({ failure: 'unknown', action: 'DescribeCertificates', code: 'TooManyMatches' })
  }

  #page(query: CertificateQuery, signal: AbortSignal): Promise<CertificatePage> {
    return this.#counted('DescribeCertificates', () => this.#service.describe(query, signal))
  }

  async #counted<T>(action: ServiceAction, call: () => Promise<T>): Promise<T> {
    const start = this.#clock.elapsed()
    const count = (result: Parameters<Metrics['serviceCall']>[0]['result'], code: string) =>
      this.#metrics.serviceCall({ action, result, code, durationMs: this.#clock.elapsed() - start })
    try {
      const answer = await call()
      count('success', '')
      return answer
    } catch (error) {
      count(
        error instanceof ServiceError ? error.failure : 'unknown',
        error instanceof ServiceError ? error.code : '',
      )
      throw error
    }
  }
}

/** Lists carry no fingerprint: type, domain and validity must do, and what the service does not tell is no objection. */
function mayBe(remote: RemoteCertificate, { settings }: Observed, chain: Chain): boolean {
  const sameSecond = (a: number | undefined, b: number) => a === undefined || Math.abs(a - b) < 1_000
  return (
    (remote.type === undefined || remote.type === settings.type) &&
    sameSecond(remote.notAfter, chain.notAfter) &&
    sameSecond(remote.notBefore, chain.notBefore)
  )
}
