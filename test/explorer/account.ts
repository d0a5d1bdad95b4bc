import { type FailureClass, ServiceError } from '../../src/ports/service-error.ts'
import type {
  CertificatePage,
  CertificateQuery,
  CertificateService,
  RemoteCertificate,
  ServiceAction,
  Tag,
  UploadAnswer,
  UploadRequest,
} from '../../src/ports/ssl-service.ts'
import type { Profile } from './profiles.ts'

/** One certificate that is, or was, in the account. */
export interface StoredCertificate {
  readonly id: string
  readonly leaf: string
  readonly chain: string
  readonly alias: string
  readonly tags: readonly Tag[]
  readonly storedAt: number
  /** Somebody deleted it in the console. */
  readonly deleted: boolean
  /** It arrived when nobody could find it any more (see the fence): a second copy that the contract allows. */
  readonly excused: boolean
}

/** The certificates of an account. Immutable. */
export type Account = readonly StoredCertificate[]

/** What was uploaded so lately, ms, is not found by searches of a service that lists late. By its ID it is. */
export const listedLateMs = 10_000

/** What tells the leaf of a chain, by chain fingerprint. */
export type LeafOf = (chain: string) => string

export function existing(account: Account): StoredCertificate[] {
  return account.filter((it) => !it.deleted)
}

/**
 * The service as one call meets it: pure but for `account`, which is replaced by what the call leaves behind. The PEM of
 * this world is the chain's fingerprint.
 */
export class AccountService implements CertificateService {
  account: Account
  readonly #profile: Profile
  readonly #leafOf: LeafOf
  readonly #now: number

  constructor(account: Account, profile: Profile, leafOf: LeafOf, now: number) {
    this.account = account
    this.#profile = profile
    this.#leafOf = leafOf
    this.#now = now
  }

  get canFindByChain(): boolean {
    return this.#profile.canFindByChain
  }

  async upload({ certificate: chain, alias = '', tags, repeatable }: UploadRequest): Promise<UploadAnswer> {
    const { duplicates, refuses } = this.#profile
    const isRefused = ({ key }: Tag) =>
      refuses === 'all tags' || (refuses === 'the chain tag' && key === 'cert-sync/chain')
    if (tags.some(isRefused)) throw refusal('UploadCertificate', 'cosmetic', 'InvalidParameter')
    const there = repeatable ? undefined : this.#same(chain)
    if (there && duplicates === 'refused') {
      throw refusal('UploadCertificate', 'exists', 'FailedOperation.CertificateExists')
    }
    if (there) return { certificateId: there.id, existed: true, requestId: 'r' }
    const id = `cert${String(this.account.length + 1).padStart(4, '0')}`
    const leaf = this.#leafOf(chain)
    const stored = { id, leaf, chain, alias, tags, storedAt: this.#now, deleted: false, excused: false }
    this.account = [...this.account, stored]
    return { certificateId: id, existed: false, requestId: 'r' }
  }

  async describe(query: CertificateQuery): Promise<CertificatePage> {
    const { deniesLookups, listsLate } = this.#profile
    if (deniesLookups) throw refusal('DescribeCertificates', 'not-allowed', 'UnauthorizedOperation')
    const isListed = (it: StoredCertificate) =>
      !listsLate || query.by === 'ids' || this.#now - it.storedAt >= listedLateMs
    const certificates = existing(this.account)
      .filter((it) => isListed(it) && matches(it, query))
      .map(asListed)
    return { certificates, entries: certificates.length, total: certificates.length }
  }

  async findByChain(chain: string): Promise<string | undefined> {
    return this.#same(chain)?.id
  }

  #same(chain: string): StoredCertificate | undefined {
    const { compares, names } = this.#profile
    const leaf = this.#leafOf(chain)
    const all = existing(this.account).filter((it) =>
      compares === 'leaf' ? it.leaf === leaf : it.chain === chain,
    )
    return names === 'oldest' ? all[0] : all.at(-1)
  }
}

function refusal(action: ServiceAction, failure: FailureClass, code: string): ServiceError {
  return new ServiceError({ action, failure, code, requestId: 'r' })
}

function matches(it: StoredCertificate, query: CertificateQuery): boolean {
  switch (query.by) {
    case 'ids':
      return query.ids.includes(it.id)
    case 'alias':
      return it.alias.includes(query.alias)
    case 'tags':
      return query.tags.every((tag) =>
        it.tags.some(({ key, value }) => key === tag.key && value === tag.value),
      )
  }
}

function asListed({ id, alias, tags }: StoredCertificate): RemoteCertificate {
  return {
    certificateId: id,
    alias,
    type: 'SVR',
    notAfter: undefined,
    tags,
    ownerUin: '100000000001',
  }
}
