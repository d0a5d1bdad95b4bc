import type { AccountRung, Rung } from '../../ledger/cosmetics-ladder.ts'
import type { CertificateQuery } from '../../ports/ssl-service.ts'

/**
 * What a look-up is for. `Request`: does the id on record still exist? `Known`: does the id that this process knows still
 * exist? `Previous`: an earlier id of the Secret that held this chain. `SameLeaf`: the id that an upload answered, which
 * may hold another chain. `Candidate`: the id that CheckCertificateExist named. `Owner`: whose is the id on record?
 * `Copy`: a copy that may have been made just before a crash. `Exists`: the service said that it has the certificate. `OwnLeaf`:
 * so it did, but nothing carries the tag of this chain: a certificate of ours for this Secret with the same leaf?
 */
export type LookUpFor =
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

export interface LookUp {
  readonly name: 'DescribeCertificates'
  readonly query: CertificateQuery
  readonly purpose: LookUpFor
}

export interface FindByChain {
  readonly name: 'CheckCertificateExist'
}

/** The requests that an upload may need. */
export type UploadAction = UploadCertificate | LookUp | FindByChain
