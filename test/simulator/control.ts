import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FaultHandle } from './faults.ts'
import { isObject } from './parameters.ts'
import { parseFault } from './parse-fault.ts'
import { parseTraits } from './parse-traits.ts'
import { readBody } from './request-body.ts'
import { isTag } from './request-summary.ts'
import type { ForeignCertificate, Simulator } from './server.ts'
import type { Credentials } from './signature.ts'

export interface ControlPort {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

interface Request {
  readonly body: unknown
  readonly query: URLSearchParams
  /** What follows the route's name in the path. */
  readonly id: string
}

type Route = (simulator: Simulator, request: Request) => unknown

/** Answered with 404. */
class NotFound extends Error {}

/** METHOD /first-part-of-the-path; an id may follow. What a route throws is answered with 400. */
const routes: Readonly<Record<string, Route>> = {
  'GET /': (simulator) => ({
    url: simulator.url,
    profile: simulator.profile,
    traits: simulator.traits,
    listening: simulator.listening,
    rateLimit: simulator.rateLimit(''),
  }),
  'GET /calls': (simulator, { query }) => simulator.calls(query.get('action') ?? undefined),
  'DELETE /calls': (simulator) => simulator.clearCalls(),
  'GET /max-in-any-second': (simulator, { query }) => ({
    calls: simulator.maxInAnySecond(query.get('action') ?? 'UploadCertificate'),
  }),
  'GET /certificates': (simulator) => simulator.certificates(),
  'POST /certificates': (simulator, { body }) => simulator.addCertificate(foreignCertificate(body)),
  'DELETE /certificates': (simulator, { id }) => found(simulator.removeCertificate(id)),
  'GET /faults': (simulator) => simulator.faults.list().map(faultView),
  'POST /faults': (simulator, { body }) => faultView(simulator.fault(parseFault(body))),
  'DELETE /faults': (simulator, { id }) =>
    id === '' ? simulator.clearFaults() : found(simulator.faults.remove(Number(id))),
  'PUT /rate-limit': (simulator, { body }) => setRateLimit(simulator, body),
  'PUT /traits': (simulator, { body }) => simulator.setTraits(parseTraits(body)),
  'PUT /owner-uin': (simulator, { body }) => setOwnerUin(simulator, body),
  'PUT /credentials': (simulator, { body }) => simulator.setCredentials(credentialsList(body)),
  'PUT /listening': (simulator, { body }) => (body === false ? simulator.stop() : simulator.listen()),
}

/** Opens the second port, on which tests ask for faults and look at what happened. JSON in, JSON out. */
export async function openControlPort(
  simulator: Simulator,
  port = 0,
  listenAddress = '127.0.0.1',
): Promise<ControlPort> {
  const server = createServer((request, response) => {
    answer(simulator, request, response).catch(() => request.socket.destroy())
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, listenAddress, resolve)
  })
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  const { port: bound } = server.address() as AddressInfo
  const host = listenAddress.includes(':') ? `[${listenAddress}]` : listenAddress
  return { url: `http://${host}:${bound}`, close, [Symbol.asyncDispose]: close }
}

async function answer(simulator: Simulator, request: IncomingMessage, response: ServerResponse) {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://control')
  const [, name = '', id = ''] = pathname.split('/')
  const text = (await readBody(request))?.toString() ?? ''
  let status = 200
  let content: unknown
  try {
    const route = routes[`${request.method} /${name}`]
    if (route === undefined) throw new NotFound(`There are: ${Object.keys(routes).join(', ')}.`)
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    content = await route(simulator, { body, query: searchParams, id })
  } catch (error) {
    status = error instanceof NotFound ? 404 : 400
    content = { error: error instanceof Error ? error.message : String(error) }
  }
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(content ?? {}))
}

function faultView({ id, fault, hits, holding }: FaultHandle) {
  return { id, ...fault, hits, holding }
}

function found(was: boolean): void {
  if (!was) throw new NotFound('There is none with that id.')
}

function foreignCertificate(body: unknown): ForeignCertificate {
  if (!isObject(body) || typeof body['certificate'] !== 'string') {
    throw new Error('certificate has to be a PEM text.')
  }
  const { certificate, type = 'SVR', alias = '', tags = [] } = body
  if (type !== 'SVR' && type !== 'CA') throw new Error('type has to be SVR or CA.')
  if (typeof alias !== 'string') throw new Error('alias has to be a text.')
  if (!Array.isArray(tags) || !tags.every(isTag)) throw new Error('tags have a TagKey and a TagValue.')
  return { certificate: String(certificate), type, alias, tags }
}

function setRateLimit(simulator: Simulator, body: unknown): void {
  const { limit, action } = isObject(body) ? body : {}
  if (!Number.isSafeInteger(limit) || Number(limit) < 0) throw new Error('limit has to be a whole number.')
  simulator.setRateLimit(Number(limit), typeof action === 'string' ? action : undefined)
}

function setOwnerUin(simulator: Simulator, body: unknown): void {
  const { ownerUin, account } = isObject(body) ? body : {}
  if (typeof ownerUin !== 'string') throw new Error('ownerUin has to be a text.')
  simulator.setOwnerUin(ownerUin, typeof account === 'string' ? account : undefined)
}

function credentialsList(body: unknown): Credentials[] {
  const isCredentials = (each: unknown): each is Credentials =>
    isObject(each) && typeof each['secretId'] === 'string' && typeof each['secretKey'] === 'string'
  if (!Array.isArray(body) || !body.every(isCredentials)) {
    throw new Error('A list of {secretId, secretKey, token?, account?} is expected.')
  }
  return body
}
