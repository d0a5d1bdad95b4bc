import type { Chain } from '../../certificate/material.ts'
import type { Clock } from '../../clock.ts'
import { aliasWithSuffix } from '../../contract/alias.ts'
import type { Observed } from '../../contract/observe.ts'
import { copySuffix, ownershipTags } from '../../contract/ownership.ts'
import type { Metrics } from '../../ports/metrics.ts'
import { ServiceError } from '../../ports/service-error.ts'
import type {
  CertificateService,
  RemoteCertificate,
  ServiceAction,
  UploadAnswer,
} from '../../ports/ssl-service.ts'
import { holdsOtherChain } from './decide.ts'
import type { Decision, Search } from './decision.ts'

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
          certificate: material.chainPem(),
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
    const found = await this.#counted('DescribeCertificates', () =>
      this.#service.describe([certificateId], signal),
    )
    return found.some((it) => it.certificateId === certificateId)
  }

  /** The id of the observed certificate as the search finds it, or undefined. */
  async find(observed: Observed, search: Search, signal: AbortSignal): Promise<string | undefined> {
    const chain = observed.material.chain as Chain
    if (search.by === 'chain') {
      return this.#counted('CheckCertificateExist', () =>
        this.#service.findByChain(observed.material.chainPem(), signal),
      )
    }
    const candidates = await this.#counted('DescribeCertificates', () =>
      this.#candidates(observed, search, signal),
    )
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

  #candidates(
    { secret }: Observed,
    search: Exclude<Search, { by: 'chain' }>,
    signal: AbortSignal,
  ): Promise<RemoteCertificate[]> {
    switch (search.by) {
      case 'previous':
      case 'candidate':
        return this.#service.describe([search.certificateId], signal)
      case 'alias':
        return this.#service.findByAlias(search.suffix, signal)
      case 'tags': {
        const { namespace, name } = secret
        return this.#service.findByTags(ownershipTags({ cluster: this.#cluster, namespace, name }), signal)
      }
    }
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
