import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One request as it arrived, and the means to answer it. */
export interface ScriptedCall {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: http.IncomingHttpHeaders
  /** Parsed, undefined when there is none. */
  readonly body: unknown
  answer(status: number, body: unknown, headers?: Record<string, string>): void
  /** Opens a watch with status 200. */
  watch(): ScriptedWatch
  /** Cuts the connection without an answer. */
  cut(): void
}

/** The server's end of a watch. */
export interface ScriptedWatch {
  send(event: unknown): void
  raw(bytes: string): void
  /** Ends it in good order. */
  end(): void
  readonly closed: boolean
}

export interface ScriptedApiServer extends AsyncDisposable {
  readonly url: string
  /** A kubeconfig that names it, with a token. */
  readonly kubeconfig: string
  /** A folder for further files; it goes with the server. */
  readonly folder: string
  /** All requests so far. */
  readonly calls: ScriptedCall[]
  /** Connections accepted so far. */
  readonly connections: number
  /** Closes all connections that are idle or busy, as a restart does. */
  cutAll(): void
}

/** An HTTP server on a loopback port that lets a test play the API server, misbehaviour included. */
export async function scriptedApiServer(
  script: (call: ScriptedCall) => void | Promise<void>,
): Promise<ScriptedApiServer> {
  const calls: ScriptedCall[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const call = callOf(request, response, Buffer.concat(chunks).toString())
    calls.push(call)
    await script(call)
  })
  server.on('connection', (socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const folder = mkdtempSync(join(tmpdir(), 'scripted-api-server-'))
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, kubeconfigOf(url, { token: 'token-1' }))
  const cutAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url,
    kubeconfig,
    folder,
    calls,
    get connections() {
      return connections
    },
    cutAll,
    async [Symbol.asyncDispose]() {
      cutAll()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true })
    },
  }
}

/** A kubeconfig as text: one cluster, one user. */
export function kubeconfigOf(server: string, user: Record<string, unknown>): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'this', user: 'me' } }],
    clusters: [{ name: 'this', cluster: { server } }],
    users: [{ name: 'me', user }],
  })
}

/** Waits in real time for what sockets bring about. @throws Error after five seconds. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within five seconds: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

function callOf(request: http.IncomingMessage, response: http.ServerResponse, body: string): ScriptedCall {
  const url = new URL(request.url ?? '', 'http://server')
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: request.headers,
    body: body === '' ? undefined : JSON.parse(body),
    answer(status, answer, headers = {}) {
      const text = typeof answer === 'string' || Buffer.isBuffer(answer) ? answer : JSON.stringify(answer)
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
    },
    watch() {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.flushHeaders()
      return {
        send: (event) => response.write(`${JSON.stringify(event)}\n`),
        raw: (bytes) => response.write(bytes),
        end: () => response.end(),
        get closed() {
          return response.destroyed
        },
      }
    },
    cut: () => request.socket.destroy(),
  }
}
