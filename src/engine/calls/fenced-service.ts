import type { Fence } from '../../ports/fence.ts'
import type {
  CertificatePage,
  CertificateQuery,
  CertificateService,
  UploadAnswer,
  UploadRequest,
} from '../../ports/ssl-service.ts'

/**
 * A service that is called by the leader only: asks the fence before each call, and after one that failed. Besides what
 * the service throws, every method throws a NotLeadingError.
 *
 * The adapter asks once more when the connection is open. What is left is a process that is stopped in the moment between
 * that look and the socket, and sends its call when it wakes up. Such a late call makes no second certificate
 * (`Repeatable=false`), but it may be the eleventh of a second, and a late second copy (`Repeatable=true`) is made
 * although the next leader has looked for it in vain and made its own.
 */
export class FencedService implements CertificateService {
  readonly #service: CertificateService
  readonly #fence: Fence

  constructor(service: CertificateService, fence: Fence) {
    this.#service = service
    this.#fence = fence
  }

  get canFindByChain(): boolean {
    return this.#service.canFindByChain
  }

  upload(request: UploadRequest, signal: AbortSignal): Promise<UploadAnswer> {
    return this.#call(() => this.#service.upload(request, signal))
  }

  describe(query: CertificateQuery, signal: AbortSignal): Promise<CertificatePage> {
    return this.#call(() => this.#service.describe(query, signal))
  }

  findByChain(certificate: string, signal: AbortSignal): Promise<string | undefined> {
    return this.#call(() => this.#service.findByChain(certificate, signal))
  }

  async #call<T>(work: () => Promise<T>): Promise<T> {
    this.#fence.check()
    try {
      return await work()
    } catch (error) {
      // A call that the adapter did not make, or that was aborted: no failure of the service.
      this.#fence.check()
      throw error
    }
  }
}
