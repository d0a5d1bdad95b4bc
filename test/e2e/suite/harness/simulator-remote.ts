import type { Admin } from '../../../control-plane/admin.ts'
import type { Call } from '../../../simulator/call-log.ts'
import type { Fault } from '../../../simulator/faults.ts'
import type { CertificateView, ForeignCertificate } from '../../../simulator/server.ts'
import type { Credentials } from '../../../simulator/signature.ts'

/** A fault that was asked for. */
export interface RemoteFault {
  readonly id: number
  /** How often it struck, and how many calls it holds, at the time of asking. */
  readonly hits: number
  readonly holding: number
}

/**
 * The simulated cloud in its pod, reached through the API server alone, by the proxy of its Service: whoever has a
 * kubeconfig can ask. While the API server is away, every method throws.
 */
export class SimulatorRemote {
  readonly #admin: Admin
  readonly #path: string

  /** @param service name of the Service, whose port for control is called `control` */
  constructor(admin: Admin, namespace: string, service: string) {
    this.#admin = admin
    this.#path = `/api/v1/namespaces/${namespace}/services/http:${service}:control/proxy`
  }

  /** Every call that arrived, oldest first. */
  calls(action?: string): Promise<Call[]> {
    return this.#ask('GET', `/calls${query(action)}`)
  }

  /** The most arrivals of an action within any exact second. */
  async maxInAnySecond(action = 'UploadCertificate'): Promise<number> {
    return (await this.#ask<{ calls: number }>('GET', `/max-in-any-second${query(action)}`)).calls
  }

  /** What the accounts hold, oldest first. */
  certificates(): Promise<CertificateView[]> {
    return this.#ask('GET', '/certificates')
  }

  /** Those that a Secret of this cluster owns, found as anyone finds them: by the ownership tags. */
  async certificatesOf(clusterName: string, secret: string): Promise<CertificateView[]> {
    const owns = ({ tags }: CertificateView) => {
      const values = new Map(tags.map(({ TagKey, TagValue }) => [TagKey, TagValue]))
      return values.get('cert-sync/cluster') === clusterName && values.get('cert-sync/secret') === secret
    }
    return (await this.certificates()).filter(owns)
  }

  /** Stores one as somebody else. */
  addCertificate(foreign: ForeignCertificate): Promise<CertificateView> {
    return this.#ask('POST', '/certificates', foreign)
  }

  removeCertificate(id: string): Promise<void> {
    return this.#ask('DELETE', `/certificates/${id}`)
  }

  fault(fault: Fault): Promise<RemoteFault> {
    return this.#ask('POST', '/faults', fault)
  }

  faults(): Promise<RemoteFault[]> {
    return this.#ask('GET', '/faults')
  }

  /** Takes one away, or all, and lets go of what is held. */
  clearFaults(id?: number): Promise<void> {
    return this.#ask('DELETE', id === undefined ? '/faults' : `/faults/${id}`)
  }

  /** false: the way to the cloud is cut, connections break and are refused; true: it is healed. Nothing is forgotten. */
  listening(whether: boolean): Promise<void> {
    return this.#ask('PUT', '/listening', whether)
  }

  /** @param limit requests a second, of an action or of all */
  setRateLimit(limit: number, action?: string): Promise<void> {
    return this.#ask('PUT', '/rate-limit', { limit, ...(action !== undefined && { action }) })
  }

  /** Replaces the accepted key pairs. */
  setCredentials(credentials: readonly Credentials[]): Promise<void> {
    return this.#ask('PUT', '/credentials', credentials)
  }

  #ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.#admin.request<T>(method, `${this.#path}${path}`, body === undefined ? {} : { body })
  }
}

function query(action: string | undefined): string {
  return action === undefined ? '' : `?action=${action}`
}
