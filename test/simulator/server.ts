import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type Call, CallLog } from './call-log.ts'
import {
  CertificateStore,
  type CertificateType,
  type StoredCertificate,
  type Tag,
} from './certificate-store.ts'
import { defaultAccount, serve, type World } from './exchange.ts'
import { type Fault, type FaultHandle, Faults } from './faults.ts'
import { parseChain } from './pem.ts'
import { type ProfileName, profiles } from './profile.ts'
import { RateLimit } from './rate-limit.ts'
import type { Credentials } from './signature.ts'
import { noTraits, type Traits } from './traits.ts'

export interface SimulatorOptions {
  /** Who may call. At least one. */
  readonly credentials: readonly Credentials[]
  /** Default: `default`. */
  readonly profile?: ProfileName
  /** How the account differs from the profile. Default: not at all. */
  readonly traits?: Partial<Traits>
  /** Default: a free one. */
  readonly port?: number
  /** The address to listen on. Default: 127.0.0.1. */
  readonly listenAddress?: string
  /** Speaks https with this certificate. Default: plain http. */
  readonly tls?: ServerCertificate
  /** Requests per action and second. Default: 10. */
  readonly rateLimit?: number
  /** Wall clock, ms since the Unix epoch; signatures are compared with it. Default: the machine's. */
  readonly now?: () => number
  /** Monotonic clock, ms; the rate limit is measured on it. Default: the machine's. */
  readonly elapsed?: () => number
  /** Told of each call once its outcome is known. */
  readonly onCall?: (call: Call) => void
}

/** What a server proves itself with, PEM. */
export interface ServerCertificate {
  /** Its own certificate first. */
  readonly cert: string
  readonly key: string
}

/** What a test sees of a stored certificate. */
export type CertificateView = Omit<StoredCertificate, 'leaf' | 'createdAt'> & {
  /** RFC 3339. */
  readonly createdAt: string
}

/** A certificate that somebody else put into the account. */
export interface ForeignCertificate {
  /** PEM, first certificate first. */
  readonly certificate: string
  /** Default: SVR. */
  readonly type?: CertificateType
  readonly alias?: string
  readonly tags?: readonly Tag[]
  readonly account?: string
}

/** Starts a simulator of the SSL Certificate service, on the loopback address unless told otherwise. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const simulator = new Simulator(options)
  await simulator.listen()
  return simulator
}

/** The running service with everything a test may ask of it. Its state outlives `stop` and `listen`. */
export class Simulator {
  readonly profile: ProfileName
  readonly faults = new Faults()
  readonly #calls = new CallLog()
  readonly #store: CertificateStore
  readonly #rateLimit: RateLimit
  readonly #world: World
  readonly #listenAddress: string
  readonly #tls: ServerCertificate | undefined
  readonly #ownerUins = new Map<string, string>()
  #traits: Traits
  #credentials: readonly Credentials[]
  #port: number
  #server: Server | undefined

  constructor(options: SimulatorOptions) {
    const { now = Date.now, elapsed = () => performance.now(), onCall } = options
    this.profile = options.profile ?? 'default'
    this.#traits = { ...noTraits, ...options.traits }
    this.#credentials = options.credentials
    this.#port = options.port ?? 0
    this.#listenAddress = options.listenAddress ?? '127.0.0.1'
    this.#tls = options.tls
    this.#rateLimit = new RateLimit(options.rateLimit ?? 10)
    this.#store = new CertificateStore(now)
    this.#world = {
      profile: profiles[this.profile],
      traits: () => this.#traits,
      ownerUin: (account) => this.#ownerUins.get(account) ?? account,
      store: this.#store,
      calls: this.#calls,
      faults: this.faults,
      rateLimit: this.#rateLimit,
      credentials: () => this.#credentials,
      now,
      elapsed,
      ...(onCall !== undefined && { onCall }),
    }
  }

  /** Known after the first `listen`, and the same from then on. */
  get port(): number {
    return this.#port
  }

  /** `127.0.0.1:PORT`, as an SDK's endpoint; an address that means all is given as it is. */
  get host(): string {
    const address = this.#listenAddress
    return `${address.includes(':') ? `[${address}]` : address}:${this.#port}`
  }

  /** `http://127.0.0.1:PORT`; https with a certificate. */
  get url(): string {
    return `${this.#tls === undefined ? 'http' : 'https'}://${this.host}`
  }

  get listening(): boolean {
    return this.#server !== undefined
  }

  /** How many connections clients hold open. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#server === undefined) return resolve(0)
      this.#server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
    })
  }

  /** Starts to accept connections, again on the same port after `stop`. */
  async listen(): Promise<void> {
    if (this.#server !== undefined) return
    const onRequest = (request: IncomingMessage, response: ServerResponse) => this.#serve(request, response)
    const server =
      this.#tls === undefined ? createServer(onRequest) : createTlsServer({ ...this.#tls }, onRequest)
    // Longer than tests and clients idle: a connection closed just as it is used again would look like an outage.
    server.keepAliveTimeout = 75_000
    server.on('clientError', (_error, socket) => socket.destroy())
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, this.#listenAddress, resolve)
    })
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** An outage: connections are cut and new ones refused. Faults, certificates and calls are kept. */
  async stop(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }

  /** Stops and listens again. @param keepState false: certificates, calls and faults are forgotten */
  async restart({ keepState = true }: { readonly keepState?: boolean } = {}): Promise<void> {
    await this.stop()
    if (!keepState) {
      this.faults.clear()
      this.#store.clear()
      this.#calls.clear()
    }
    await this.listen()
  }

  /** Lets go of what is held and stops for good. */
  async close(): Promise<void> {
    this.faults.clear()
    await this.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Every call that arrived, oldest first, as it stands now. */
  calls(action?: string): readonly Call[] {
    return this.#calls.list(action)
  }

  clearCalls(): void {
    this.#calls.clear()
  }

  /** The largest number of arrivals of an action within any exact second, refused ones included. */
  maxInAnySecond(action: string): number {
    return this.#calls.maxInAnySecond(action)
  }

  /** What the accounts hold, oldest first. */
  certificates(): readonly CertificateView[] {
    return this.#store.list().map(viewOf)
  }

  /** Puts a certificate into the account as if somebody else had uploaded it; no call is counted. */
  addCertificate(foreign: ForeignCertificate): CertificateView {
    const stored = this.#store.add({
      account: foreign.account ?? defaultAccount,
      type: foreign.type ?? 'SVR',
      chain: parseChain(foreign.certificate),
      alias: foreign.alias ?? '',
      projectId: 0,
      use: '',
      tags: foreign.tags ?? [],
    })
    return viewOf(stored)
  }

  /** Deletes a certificate as if somebody did so in the console. @returns false where there is none */
  removeCertificate(id: string): boolean {
    return this.#store.remove(id)
  }

  fault(fault: Fault): FaultHandle {
    return this.faults.add(fault)
  }

  clearFaults(): void {
    this.faults.clear()
  }

  /** @param limit requests a second from now on, of one action or (without a name) of all */
  setRateLimit(limit: number, action?: string): void {
    this.#rateLimit.set(limit, action)
  }

  rateLimit(action: string): number {
    return this.#rateLimit.of(action)
  }

  get traits(): Traits {
    return this.#traits
  }

  /** Changes what the account does from now on; what is not named is as in an account without traits. */
  setTraits(traits: Partial<Traits>): void {
    this.#traits = { ...noTraits, ...traits }
  }

  /** Changes OwnerUin in the listings of an account, which is the account's own number until then. */
  setOwnerUin(ownerUin: string, account = defaultAccount): void {
    this.#ownerUins.set(account, ownerUin)
  }

  /** Replaces the accepted credentials at once; none at all refuses everybody. */
  setCredentials(credentials: readonly Credentials[]): void {
    this.#credentials = credentials
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    serve(request, response, this.#world).catch(() => request.socket.destroy())
  }
}

function viewOf({ leaf: _leaf, createdAt, ...rest }: StoredCertificate): CertificateView {
  return { ...rest, createdAt: new Date(createdAt).toISOString() }
}
