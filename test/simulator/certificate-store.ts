import { createHash, randomInt, type X509Certificate } from 'node:crypto'

export type CertificateType = 'SVR' | 'CA'

export interface Tag {
  readonly TagKey: string
  readonly TagValue: string
}

/** A certificate of an account. Keys are checked at the door and never kept. */
export interface StoredCertificate {
  /** Eight characters of [A-Za-z0-9]. */
  readonly id: string
  readonly account: string
  readonly type: CertificateType
  /** SHA-256 of the first certificate's DER, lower-case hex. */
  readonly leafFingerprint: string
  /** `SVR:` or `CA:` + hex SHA-256 over the DER of the certificates as they were sent. */
  readonly chainFingerprint: string
  readonly alias: string
  readonly projectId: number
  readonly use: string
  readonly tags: readonly Tag[]
  /** ms since the Unix epoch. */
  readonly createdAt: number
  readonly leaf: X509Certificate
}

export type NewCertificate = Omit<
  StoredCertificate,
  'id' | 'createdAt' | 'leafFingerprint' | 'chainFingerprint' | 'leaf'
> & {
  readonly chain: readonly [X509Certificate, ...X509Certificate[]]
}

/** What the accounts hold, oldest first. */
export class CertificateStore {
  readonly #certificates = new Map<string, StoredCertificate>()
  readonly #now: () => number

  /** @param now ms since the Unix epoch */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Stores one more, whether the account has the same already or not. */
  add(certificate: NewCertificate): StoredCertificate {
    const { chain, ...rest } = certificate
    const stored: StoredCertificate = {
      ...rest,
      id: this.#newId(),
      ...fingerprints(certificate.type, chain),
      createdAt: this.#now(),
      leaf: chain[0],
    }
    this.#certificates.set(stored.id, stored)
    return stored
  }

  get(id: string): StoredCertificate | undefined {
    return this.#certificates.get(id)
  }

  /** @returns false where there was no such certificate */
  remove(id: string): boolean {
    return this.#certificates.delete(id)
  }

  clear(): void {
    this.#certificates.clear()
  }

  list(account?: string): StoredCertificate[] {
    const all = [...this.#certificates.values()]
    return account === undefined ? all : all.filter((each) => each.account === account)
  }

  #newId(): string {
    let id: string
    do id = randomId()
    while (this.#certificates.has(id))
    return id
  }
}

/** The two fingerprints of a chain in the order given. */
export function fingerprints(type: CertificateType, chain: readonly [X509Certificate, ...X509Certificate[]]) {
  const whole = createHash('sha256')
  for (const each of chain) whole.update(each.raw)
  return {
    leafFingerprint: createHash('sha256').update(chain[0].raw).digest('hex'),
    chainFingerprint: `${type}:${whole.digest('hex')}`,
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

function randomId(): string {
  return Array.from({ length: 8 }, () => alphabet[randomInt(alphabet.length)]).join('')
}
