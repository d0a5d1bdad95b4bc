import type { AccountRung, Rung } from '../../ledger/cosmetics-ladder.ts'
import type { CertificateQuery } from '../../ports/ssl-service.ts'

/**
 * The question that a lookup answers.
 *
 * - `Request`: does the ID on record still exist? Somebody asked with `requested-at`.
 * - `Known`: does the ID that this process knows still exist?
 * - `Previous`: does an earlier ID of this Secret hold the chain?
 * - `SameLeaf`: which chain does the ID hold that an upload returned?
 * - `Candidate`: is the ID that CheckCertificateExist returned the right one?
 * - `Owner`: which Secret owns the ID on record?
 * - `Copy`: was a copy created just before a crash?
 * - `Exists`: which certificate carries the tag of this chain?
 * - `OwnLeaf`: which certificate of this Secret holds another chain of the same leaf?
 */
export type LookupFor =
  | 'Request'
  | 'Known'
  | 'Previous'
  | 'SameLeaf'
  | 'Candidate'
  | 'Owner'
  | 'Copy'
  | 'Exists'
  | 'OwnLeaf'

export interface UploadCertificate {
  readonly name: 'UploadCertificate'
  /** What is left out because it was refused for this input. */
  readonly rung: Rung
  /** What is left out because the account refuses it. */
  readonly account: AccountRung
  /** A second copy of the leaf is wanted (`Repeatable=true`). */
  readonly copy?: true
  /** The alias ends so: a copy is found by it. */
  readonly suffix?: string
  /** The private key is sent as PKCS#8, whatever form it has in the Secret. */
  readonly asPkcs8?: true
  /** The id on record is gone. */
  readonly replaces?: string
}

export interface Lookup {
  readonly name: 'DescribeCertificates'
  readonly query: CertificateQuery
  readonly purpose: LookupFor
}

export interface FindByChain {
  readonly name: 'CheckCertificateExist'
}

/** The requests that an upload may need. */
export type UploadAction = UploadCertificate | Lookup | FindByChain
