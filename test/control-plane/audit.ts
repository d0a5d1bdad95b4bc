import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'

/** One line of the API server's audit log: Metadata level, so it tells who did what to what, and never a body. */
export interface AuditEvent {
  auditID: string
  /** `ResponseStarted` appears for watches only; every request ends in a `ResponseComplete` (or `Panic`). */
  stage: 'ResponseStarted' | 'ResponseComplete' | 'Panic'
  verb: string
  requestURI: string
  user: { username: string }
  userAgent?: string
  objectRef?: {
    apiGroup?: string
    resource?: string
    namespace?: string
    name?: string
    subresource?: string
  }
  responseStatus?: { code: number; reason?: string }
  /** RFC 3339 with microseconds. */
  requestReceivedTimestamp: string
  stageTimestamp: string
}

/** What to keep of the audit log; every given field must match. */
export interface AuditFilter {
  user?: string
  verb?: string | readonly string[]
  resource?: string
  namespace?: string
  name?: string
  /** Default `ResponseComplete`: one event a request. `any` keeps the starts of watches too. */
  stage?: AuditEvent['stage'] | 'any'
  /** HTTP status of the answer. */
  code?: number
}

/** The verbs that change something. */
export const writes = ['create', 'update', 'patch', 'delete', 'deletecollection'] as const

/** Leaves out only what nobody asks for: health checks, and the API server talking to itself. */
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', users: ['system:apiserver'] },
    { level: 'None', nonResourceURLs: ['/healthz*', '/livez*', '/readyz*', '/version'] },
    { level: 'Metadata' },
  ],
}

/** Reads an audit log that is still being written, each line once. */
export class AuditLog {
  readonly #file: string
  readonly #events: AuditEvent[] = []
  readonly #decoder = new TextDecoder()
  #offset = 0
  #rest = ''
  #reading: Promise<void> = Promise.resolve()

  constructor(file: string) {
    this.#file = file
  }

  /** All events so far that match, in the order of the log. An answer may be seen a moment before its line. */
  async events(filter: AuditFilter = {}): Promise<AuditEvent[]> {
    this.#reading = this.#reading.then(() => this.#readOn())
    await this.#reading
    return this.#events.filter((event) => matches(event, filter))
  }

  async #readOn(): Promise<void> {
    if (!existsSync(this.#file)) return
    const file = await open(this.#file)
    try {
      let text = this.#rest
      for await (const chunk of file.createReadStream({ start: this.#offset, autoClose: false })) {
        this.#offset += chunk.length
        text += this.#decoder.decode(chunk, { stream: true })
      }
      const lines = text.split('\n')
      this.#rest = lines.pop() ?? ''
      for (const line of lines) {
        const event = parse(line)
        if (event !== undefined) this.#events.push(event)
      }
    } finally {
      await file.close()
    }
  }
}

/** Whether `event` is what `filter` asks for. */
export function matches(event: AuditEvent, filter: AuditFilter): boolean {
  const { stage = 'ResponseComplete', verb, user, resource, namespace, name, code } = filter
  return (
    (stage === 'any' || event.stage === stage) &&
    (verb === undefined || (typeof verb === 'string' ? event.verb === verb : verb.includes(event.verb))) &&
    (user === undefined || event.user.username === user) &&
    (resource === undefined || event.objectRef?.resource === resource) &&
    (namespace === undefined || event.objectRef?.namespace === namespace) &&
    (name === undefined || event.objectRef?.name === name) &&
    (code === undefined || event.responseStatus?.code === code)
  )
}

/** Undefined for an empty line, and for one that SIGKILL cut: the next start of the API server writes on behind it. */
function parse(line: string): AuditEvent | undefined {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
