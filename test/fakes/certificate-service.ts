import { createHash, X509Certificate } from 'node:crypto'
import type { Clock } from '../../src/clock.ts'
import { ServiceError } from '../../src/ports/service-error.ts'
import {
  type CertificatePage,
  type CertificateQuery,
  type CertificateService,
  entriesPerPage,
  type RemoteCertificate,
  type ServiceAction,
  type Tag,
  type UploadAnswer,
  type UploadRequest,
} from '../../src/ports/ssl-service.ts'
import { matches } from '../../src/tencent/certificate-list.ts'

/** What is not known of the real service, and how quickly it answers. */
export interface ServiceBehaviour {
  /** What makes two uploads the same certificate. */
  readonly compares: 'leaf' | 'chain'
  /** How a duplicate is answered: with the id that is there, or with CertificateExists. */
  readonly duplicates: 'answered' | 'refused'
  /** Which one is named where several are the same. */
  readonly names: 'oldest' | 'newest'
  readonly canFindByChain: boolean
  /** Whether the answer to a copy that was asked for names the certificate that was there, too. */
  readonly copiesNameTheOther: boolean
  /** From a call's arrival to its answer, ms. */
  readonly serviceMs: number
}

export const defaultBehaviour: ServiceBehaviour = {
  compares: 'leaf',
  duplicates: 'answered',
  names: 'oldest',
  canFindByChain: true,
  copiesNameTheOther: false,
  serviceMs: 0,
}

/** One certificate in the account. */
export interface StoredCertificate {
  readonly certificateId: string
  readonly type: UploadRequest['type']
  readonly leaf: string
  /** `SVR:` or `CA:` and the SHA-256 over the DER of all certificates: what the operator's annotation should say. */
  readonly chain: string
  readonly alias: string
  readonly use: string | undefined
  readonly projectId: number | undefined
  readonly tags: readonly Tag[]
  readonly notAfter: number
}

/** What somebody uploads without the operator. */
export interface ForeignUpload {
  readonly type?: UploadRequest['type']
  /** The chain as PEM. */
  readonly certificate: string
  readonly alias?: string
  readonly tags?: readonly Tag[]
}

/** Answers a call with an error, or lets it pass. */
export type Fault = (call: ServiceCall) => ServiceError | undefined

export interface ServiceCall {
  readonly action: ServiceAction
  readonly upload?: UploadRequest
  readonly query?: CertificateQuery
}

/** An account of the SSL service that keeps its certificates, with faults that are asked for. */
export class FakeCertificateService implements CertificateService {
  readonly certificates: StoredCertificate[] = []
  /** Every call that arrived, in order. */
  readonly calls: (ServiceCall & { readonly at: number })[] = []
  /** Asked at every call before anything is done. */
  fault: Fault | undefined
  /** Asked at every call after the work is done: the answer gets lost. */
  lostAnswer: Fault | undefined
  /** The most entries of a page of DescribeCertificates. */
  pageSize = entriesPerPage
  /** Whose account it is, as listings say; undefined: they do not. */
  ownerUin: string | undefined = '100000000001'
  /** Whether listings keep a certificate back, as where a permission is bound to a tag. Uploads and chains see it. */
  hides: (certificate: StoredCertificate) => boolean = () => false
  /** How much later than they are the dates of listings seem, hours. */
  listingShiftHours = 0
  /** How long after its upload a certificate is listed first, ms. */
  listingLagMs = 0
  readonly #behaviour: ServiceBehaviour
  readonly #clock: Clock
  readonly #storedAt = new Map<string, number>()
  #ids = 0

  constructor(clock: Clock, behaviour: Partial<ServiceBehaviour> = {}) {
    this.#clock = clock
    this.#behaviour = { ...defaultBehaviour, ...behaviour }
  }

  get canFindByChain(): boolean {
    return this.#behaviour.canFindByChain
  }

  count(action: ServiceAction): number {
    return this.calls.filter((it) => it.action === action).length
  }

  withChain(chain: string): StoredCertificate[] {
    return this.certificates.filter((it) => it.chain === chain)
  }

  /** Somebody deletes it in the console. */
  delete(certificateId: string): void {
    const at = this.certificates.findIndex((it) => it.certificateId === certificateId)
    if (at >= 0) this.certificates.splice(at, 1)
  }

  /** Somebody uploads a certificate in the console or with another tool; its ID. */
  add({ type = 'SVR', tags = [], ...upload }: ForeignUpload): string {
    const certificate = read({ ...upload, type, tags, repeatable: true }, this.#nextId())
    this.#keep(certificate)
    return certificate.certificateId
  }

  upload(request: UploadRequest, signal: AbortSignal): Promise<UploadAnswer> {
    return this.#call({ action: 'UploadCertificate', upload: request }, signal, () => {
      const certificate = read(request, this.#nextId())
      const { compares, names, duplicates, copiesNameTheOther } = this.#behaviour
      const same = this.certificates.filter(
        (it) => it.type === certificate.type && it[compares] === certificate[compares],
      )
      const there = same.at(names === 'oldest' ? 0 : -1)
      const found = request.repeatable ? undefined : there
      if (found && duplicates === 'refused') {
        throw serviceError({
          failure: 'exists',
          action: 'UploadCertificate',
          code: 'FailedOperation.CertificateExists',
        })
      }
      if (!found) this.#keep(certificate)
      const { certificateId } = found ?? certificate
      const existed = copiesNameTheOther ? there !== undefined : found !== undefined
      return { certificateId, existed, requestId: `request-${this.calls.length}` }
    })
  }

  /** The entries in the order in which they were stored, with those that a fuzzy search finds as well. */
  describe(query: CertificateQuery, signal: AbortSignal): Promise<CertificatePage> {
    return this.#call({ action: 'DescribeCertificates', query }, signal, () => {
      const found = this.certificates
        .filter((it) => this.#isListed(it))
        .map((it) => this.#remote(it))
        .filter(
          (it) => matches(it, query) || (query.by === 'alias' && it.certificateId.includes(query.alias)),
        )
      const offset = query.by === 'ids' ? 0 : query.offset
      const page = found.slice(offset, offset + this.pageSize)
      const otherIds = page.filter((it) => !matches(it, query)).map((it) => it.certificateId)
      return {
        certificates: page.filter((it) => matches(it, query)),
        entries: page.length,
        total: found.length,
        ...(otherIds.length > 0 && { otherIds }),
      }
    })
  }

  findByChain(certificate: string, signal: AbortSignal): Promise<string | undefined> {
    return this.#call({ action: 'CheckCertificateExist' }, signal, () => {
      const { compares, names } = this.#behaviour
      const wanted = { leaf: leafOf(certificate), chain: hashOf(certificate) }
      const same = this.certificates.filter((it) =>
        compares === 'leaf' ? it.leaf === wanted.leaf : it.chain.endsWith(`:${wanted.chain}`),
      )
      return same.at(names === 'oldest' ? 0 : -1)?.certificateId
    })
  }

  #nextId(): string {
    return `cert${String(++this.#ids).padStart(4, '0')}`
  }

  #keep(certificate: StoredCertificate): void {
    this.certificates.push(certificate)
    this.#storedAt.set(certificate.certificateId, this.#clock.elapsed())
  }

  #isListed(certificate: StoredCertificate): boolean {
    const storedAt = this.#storedAt.get(certificate.certificateId)
    const isNew = storedAt !== undefined && this.#clock.elapsed() - storedAt < this.listingLagMs
    return !isNew && !this.hides(certificate)
  }

  #remote({ certificateId, alias, type, notAfter, tags }: StoredCertificate): RemoteCertificate {
    const shiftMs = this.listingShiftHours * 3_600_000
    return {
      certificateId,
      alias,
      type,
      notAfter: notAfter + shiftMs,
      tags,
      ownerUin: this.ownerUin,
    }
  }

  async #call<T>(call: ServiceCall, signal: AbortSignal, work: () => T): Promise<T> {
    this.calls.push({ ...call, at: this.#clock.elapsed() })
    const fault = this.fault?.(call)
    if (fault) {
      await this.#answerAfter(call, signal)
      throw fault
    }
    const answer = work()
    const lost = this.lostAnswer?.(call)
    await this.#answerAfter(call, signal)
    if (lost) throw lost
    return answer
  }

  async #answerAfter({ action }: ServiceCall, signal: AbortSignal): Promise<void> {
    if (this.#behaviour.serviceMs === 0) return
    await this.#clock.sleep(this.#behaviour.serviceMs, signal).catch(() => {
      throw new ServiceError({ failure: 'outage', action, code: 'Aborted', countsForAccount: false })
    })
  }
}

type ServiceFailure = ConstructorParameters<typeof ServiceError>[0]

/** An error that the service answered with: it has a request id. */
export function serviceError(failure: ServiceFailure): ServiceError {
  return new ServiceError({ requestId: 'request-of-the-error', ...failure })
}

/** No answer at all. */
export function noAnswer(action: ServiceAction): ServiceError {
  return new ServiceError({ failure: 'outage', action, code: 'ConnectionFailed' })
}

function read(request: UploadRequest, certificateId: string): StoredCertificate {
  const { type, certificate, alias, use, projectId, tags } = request
  const leaf = new X509Certificate(certificate)
  return {
    certificateId,
    type,
    leaf: leafOf(certificate),
    chain: `${type}:${hashOf(certificate)}`,
    alias: alias ?? '',
    use,
    projectId,
    tags,
    notAfter: leaf.validToDate.getTime(),
  }
}

function leafOf(pem: string): string {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex')
}

function hashOf(pem: string): string {
  const hash = createHash('sha256')
  for (const block of pem.split(/(?<=-----END CERTIFICATE-----)/)) {
    if (block.trim() !== '') hash.update(new X509Certificate(block.trim()).raw)
  }
  return hash.digest('hex')
}
