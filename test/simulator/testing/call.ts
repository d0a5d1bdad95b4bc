import { signatureOf } from '../signature.ts'

/** How one request differs from a proper one. */
export interface CallOptions {
  readonly secretId?: string
  readonly secretKey?: string
  readonly token?: string
  readonly service?: string
  /** Default: `application/json`. */
  readonly contentType?: string
  readonly version?: string
  /** Unix seconds. */
  readonly timestamp?: number
  /** Sent instead of the JSON of the parameters. */
  readonly body?: string | Buffer
  readonly signedHeaders?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** The members of `Response`. */
export interface Answer {
  readonly RequestId: string
  readonly Error?: { readonly Code: string; readonly Message: string }
  readonly [field: string]: unknown
}

/** The key pair that `send` uses unless told otherwise. */
export const credentials = { secretId: 'AKIDEXAMPLE', secretKey: 'simulated-secret-key' }

/** Sends one signed request to 127.0.0.1 and returns the HTTP response. */
export function send(
  url: string,
  action: string,
  parameters: unknown,
  options: CallOptions = {},
): Promise<Response> {
  const {
    secretId = credentials.secretId,
    secretKey = credentials.secretKey,
    service = 'ssl',
    contentType = 'application/json',
    version = '2019-12-05',
    timestamp = Math.floor(Date.now() / 1000),
    signedHeaders = ['content-type', 'host'],
  } = options
  const body = Buffer.from(options.body ?? JSON.stringify(parameters))
  const { host } = new URL(url)
  const headers: Record<string, string> = {
    'content-type': contentType,
    'x-tc-action': action,
    'x-tc-version': version,
    'x-tc-timestamp': String(timestamp),
    ...(options.token !== undefined && { 'x-tc-token': options.token }),
  }
  const signature = signatureOf(
    { method: 'POST', url: '/', headers, body },
    { secretKey, timestamp, service, signedHeaders, host },
  )
  const date = new Date(timestamp * 1000).toISOString().slice(0, 10)
  headers['authorization'] =
    `TC3-HMAC-SHA256 Credential=${secretId}/${date}/${service}/tc3_request, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`
  return fetch(url, {
    method: 'POST',
    headers: { ...headers, ...options.headers },
    body,
    redirect: 'manual',
    ...(options.signal !== undefined && { signal: options.signal }),
  })
}

/** Sends one signed request and returns what is inside `Response`. */
export async function call(
  url: string,
  action: string,
  parameters: unknown,
  options: CallOptions = {},
): Promise<Answer> {
  const response = await send(url, action, parameters, options)
  const { Response } = (await response.json()) as { Response: Answer }
  return Response
}

/** The error code of the answer, `Success` where there is none. */
export async function codeOf(answer: Promise<Answer>): Promise<string> {
  return (await answer).Error?.Code ?? 'Success'
}
