import type { Call } from './call-log.ts'
import type { Fault } from './faults.ts'
import type { ForeignCertificate } from './server.ts'
import type { Credentials } from './signature.ts'

/** Speaks to the control port of a simulator that runs in another process. */
export class ControlClient {
  readonly #url: string

  /** @param url of the control port */
  constructor(url: string) {
    this.#url = url
  }

  /** Asks for a fault; it stays until `clearFaults`. */
  async fault(fault: Fault): Promise<void> {
    await this.#ask('POST', '/faults', fault)
  }

  async clearFaults(): Promise<void> {
    await this.#ask('DELETE', '/faults')
  }

  /** Every call that arrived, of this action or of all. */
  async calls(action?: string): Promise<Call[]> {
    return (await this.#ask('GET', `/calls${action ? `?action=${action}` : ''}`)) as Call[]
  }

  /** Stores a certificate as if somebody else had uploaded it; no call is counted. */
  async addCertificate(certificate: ForeignCertificate): Promise<void> {
    await this.#ask('POST', '/certificates', certificate)
  }

  /** Replaces the credentials that may call. */
  async setCredentials(credentials: readonly Credentials[]): Promise<void> {
    await this.#ask('PUT', '/credentials', credentials)
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(new URL(path, this.#url), {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
}
