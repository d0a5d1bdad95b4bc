import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { ApiError } from './api-error.ts'

/** One key pair that the simulator accepts. */
export interface Credentials {
  readonly secretId: string
  readonly secretKey: string
  /** Temporary credentials: the X-TC-Token that has to come with them. */
  readonly token?: string
  /** The account (UIN) they belong to. Default: one and the same for all. */
  readonly account?: string
}

/** A request as it came off the wire; the body byte for byte. */
export interface ReceivedRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface SigningParameters {
  readonly secretKey: string
  /** Unix seconds, as in X-TC-Timestamp. */
  readonly timestamp: number
  readonly service: string
  /** Lower-case header names in the order in which they were signed. */
  readonly signedHeaders: readonly string[]
  /** The host as the client wrote it into what it signed. */
  readonly host: string
}

const algorithm = 'TC3-HMAC-SHA256'
const allowedSkewSeconds = 300
const authorizationFormat =
  /^TC3-HMAC-SHA256 Credential=([^/\s,]+)\/(\d{4}-\d{2}-\d{2})\/([^/\s,]+)\/tc3_request,\s*SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{64})$/

/**
 * Finds out who sent the request. The order of the checks is an assumption, their codes are documented.
 * @param nowMs the server's wall clock, ms since the Unix epoch
 * @throws ApiError MissingParameter or one of AuthFailure.*
 */
export function authenticate(
  request: ReceivedRequest,
  accepted: readonly Credentials[],
  nowMs: number,
): Credentials {
  const authorization = authorizationFormat.exec(headerOf(request, 'authorization') ?? '')
  if (authorization === null) {
    throw new ApiError(
      'AuthFailure.InvalidAuthorization',
      'The Authorization header is missing or malformed.',
    )
  }
  const [, secretId = '', date = '', service = '', headerList = '', signature = ''] = authorization
  const timestamp = timestampOf(request)
  if (Math.abs(nowMs / 1000 - timestamp) > allowedSkewSeconds) {
    throw new ApiError('AuthFailure.SignatureExpire', 'The timestamp is more than five minutes off.')
  }
  const credentials = accepted.find((each) => each.secretId === secretId)
  if (credentials === undefined) {
    throw new ApiError('AuthFailure.SecretIdNotFound', 'The SecretId is not found.')
  }
  const signedHeaders = headerList.split(';')
  const matches =
    date === utcDate(timestamp) &&
    servicesFor(request).includes(service) &&
    signedHeaders.includes('content-type') &&
    signedHeaders.includes('host') &&
    hostsFor(request).some((host) => {
      const { secretKey } = credentials
      return equal(signatureOf(request, { secretKey, timestamp, service, signedHeaders, host }), signature)
    })
  if (!matches) {
    throw new ApiError('AuthFailure.SignatureFailure', 'The signature does not match the request.')
  }
  if (headerOf(request, 'x-tc-token') !== credentials.token) {
    throw new ApiError('AuthFailure.TokenFailure', 'The token is invalid.')
  }
  return credentials
}

/** The TC3-HMAC-SHA256 signature of a request, hex. */
export function signatureOf(request: ReceivedRequest, parameters: SigningParameters): string {
  const { secretKey, timestamp, service, signedHeaders, host } = parameters
  const [path = '/', query = ''] = request.url.split('?', 2)
  const headerLines = signedHeaders.map((name) => {
    const value = name === 'host' ? host : (headerOf(request, name) ?? '')
    return `${name}:${value.trim().toLowerCase()}\n`
  })
  const canonicalRequest = [
    request.method,
    path,
    query,
    headerLines.join(''),
    signedHeaders.join(';'),
    sha256(request.body),
  ].join('\n')
  const date = utcDate(timestamp)
  const stringToSign = [
    algorithm,
    timestamp,
    `${date}/${service}/tc3_request`,
    sha256(canonicalRequest),
  ].join('\n')
  let key: string | Buffer = `TC3${secretKey}`
  for (const part of [date, service, 'tc3_request', stringToSign]) {
    key = createHmac('sha256', key).update(part).digest()
  }
  return key.toString('hex')
}

/** Clients differ: the Node SDK signs the host without its port, Go clients with it. Production has no port. */
function hostsFor(request: ReceivedRequest): string[] {
  const host = headerOf(request, 'host') ?? ''
  return hasPort(host) ? [host, host.slice(0, host.lastIndexOf(':'))] : [host]
}

/** The Node SDK takes the first label of its endpoint, port and all, for the service: `127` for 127.0.0.1:8080. */
function servicesFor(request: ReceivedRequest): string[] {
  const host = headerOf(request, 'host') ?? ''
  return hasPort(host) ? ['ssl', host.split('.', 1)[0] ?? ''] : ['ssl']
}

function hasPort(host: string): boolean {
  return /:\d+$/.test(host)
}

function timestampOf(request: ReceivedRequest): number {
  const text = headerOf(request, 'x-tc-timestamp')
  if (text === undefined) throw new ApiError('MissingParameter', 'X-TC-Timestamp is missing.')
  if (!/^\d{1,12}$/.test(text)) {
    throw new ApiError('InvalidParameter', 'X-TC-Timestamp has to be a whole number of seconds.')
  }
  return Number(text)
}

function headerOf(request: ReceivedRequest, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(',') : value
}

function utcDate(timestamp: number): string {
  return new Date(timestamp * 1000).toISOString().slice(0, 10)
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

function equal(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
