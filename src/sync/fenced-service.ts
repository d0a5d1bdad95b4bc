import type {
  CertificateService,
  Fence,
  RemoteCertificate,
  Tag,
  UploadAnswer,
  UploadRequest,
} from './ports.ts'

/**
 * A service that is called by the leader only: asks the fence right before each call. Besides what the service throws,
 * every method throws a NotLeadingError.
 *
 * What is left: a process that is stopped between this look and the last byte of the request sends the rest when it wakes
 * up. That is a moment on an open connection, and the handshake on a new one. Such a late call was decided before the
 * pause: `Repeatable=false` makes it no second certificate, but it may be the eleventh of a second, and a late second
 * copy (`Repeatable=true`) is made although the next leader has looked for it in vain and made its own.
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

  async upload(request: UploadRequest, signal: AbortSignal): Promise<UploadAnswer> {
    this.#fence.check()
    return this.#service.upload(request, signal)
  }

  async describe(ids: readonly string[], signal: AbortSignal): Promise<RemoteCertificate[]> {
    this.#fence.check()
    return this.#service.describe(ids, signal)
  }

  async findByAlias(alias: string, signal: AbortSignal): Promise<RemoteCertificate[]> {
    this.#fence.check()
    return this.#service.findByAlias(alias, signal)
  }

  async findByTags(tags: readonly Tag[], signal: AbortSignal): Promise<RemoteCertificate[]> {
    this.#fence.check()
    return this.#service.findByTags(tags, signal)
  }

  async findByChain(certificate: string, signal: AbortSignal): Promise<string | undefined> {
    this.#fence.check()
    return this.#service.findByChain(certificate, signal)
  }
}
