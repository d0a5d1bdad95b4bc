import { splitKey } from '../contract/object-key.ts'
import { readOwnership, secretTag } from '../contract/ownership.ts'
import type { CertificateCounts } from '../ports/metrics.ts'
import type { ObjectKey } from '../ports/secrets.ts'
import type { RemoteCertificate } from '../ports/ssl-service.ts'

/** Counts what one inventory finds, by state. */
export class CertificateCounter {
  readonly #cluster: string
  readonly #isClaimed: (certificateId: string) => boolean
  /** The tags of the Secrets that are known: long names are shortened in them. */
  readonly #secrets: ReadonlySet<string>
  readonly #counts = { current: 0, superseded: 0, orphaned: 0, unowned: 0 }

  /** @param isClaimed whether a status names an id */
  constructor(cluster: string, secrets: Iterable<ObjectKey>, isClaimed: (certificateId: string) => boolean) {
    this.#cluster = cluster
    this.#isClaimed = isClaimed
    this.#secrets = new Set(Array.from(secrets, (key) => secretTag(splitKey(key))))
  }

  get counts(): CertificateCounts {
    return { ...this.#counts }
  }

  /** A certificate that exists: each once. */
  add({ certificateId, tags }: RemoteCertificate): void {
    const { cluster, secret } = readOwnership(tags)
    const isClaimed = this.#isClaimed(certificateId)
    if (cluster === this.#cluster) {
      const other = secret !== undefined && this.#secrets.has(secret) ? 'superseded' : 'orphaned'
      this.#counts[isClaimed ? 'current' : other]++
    } else if (isClaimed) {
      this.#counts.unowned++
    }
  }
}
