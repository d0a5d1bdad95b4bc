import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { HttpServer, type HttpTimeouts } from './http-server.ts'

const get = (path: string, version = '1.1') => `GET ${path} HTTP/${version}\r\nHost: localhost\r\n\r\n`

/** A server that counts how often its only path was asked for. */
async function serve(timeouts?: HttpTimeouts) {
  const scene = { asked: 0, port: 0 }
  const answer = () => {
    scene.asked += 1
    return { status: 200, body: 'ok\n' }
  }
  const address = { host: '127.0.0.1', port: 0 }
  const server = new HttpServer('health-address', address, { '/healthz': answer }, timeouts)
  scene.port = Number((await server.start()).split(':').at(-1))
  onTestFinished(() => server.stop())
  return scene
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}

/** What arrives until the server ends the connection. */
function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  return new Promise((resolve) => {
    socket.once('end', () => resolve(text)).once('close', () => resolve(text))
  })
}

/** Sends a text on a connection of its own; what is answered. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = await open(port)
  socket.write(text)
  return readAll(socket)
}

const ok = /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\nconnection: close\r\n\r\nok\n$/

test('a connection carries one request: what is pipelined behind it is not answered', async () => {
  const scene = await serve()
  expect(await exchange(scene.port, get('/healthz').repeat(20))).toMatch(ok)
  expect(scene.asked).toBe(1)
})

test('thousands of requests at a time cost no more than one, and no memory', async () => {
  const scene = await serve()
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => exchange(scene.port, get('/healthz').repeat(2_500))),
  )
  expect(answers.every((it) => it === '' || ok.test(it))).toBe(true)
  expect(scene.asked).toBe(50)
})

test('connections that are kept open, silent or in the middle of a request, refuse nobody', async () => {
  const { port } = await serve()
  const kept = await Promise.all(Array.from({ length: 300 }, () => open(port)))
  for (const [index, socket] of kept.entries())
    if (index % 2 === 0) socket.write('GET /healthz HTTP/1.1\r\nX: ')
  for (let probe = 0; probe < 10; probe++) expect(await exchange(port, get('/healthz'))).toMatch(ok)
})

test('a connection whose request does not arrive in time ends, however often a byte of it does', async () => {
  const { port } = await serve({ requestMs: 100 })
  const slow = await open(port)
  const timer = setInterval(() => slow.writable && slow.write('G'), 20)
  onTestFinished(() => clearInterval(timer))
  expect(await Promise.all([readAll(await open(port)), readAll(slow)])).toEqual(['', ''])
})

test('a client that has closed its side after the request is answered', async () => {
  const { port } = await serve()
  const socket = await open(port)
  socket.end(get('/healthz'))
  expect(await readAll(socket)).toMatch(ok)
})

test('a client that closes its side within the request is dropped', async () => {
  const { port } = await serve()
  const socket = await open(port)
  socket.end('GET /healthz HTTP/1.1\r\n')
  expect(await readAll(socket)).toBe('')
})

test('a client that does not close is left after the answer', async () => {
  const { port } = await serve()
  const socket = await open(port)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(get('/healthz'))
  expect(await readAll(socket)).toMatch(ok)
  const timer = setInterval(() => socket.write('x'), 50)
  onTestFinished(() => clearInterval(timer))
  await closed
})

test.each([
  ['HTTP/1.0', get('/healthz', '1.0')],
  ['in pieces', get('/healthz')],
  ['with a body', `GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nsome body`],
  ['that expects 100-continue', `GET /healthz HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n`],
  ['to upgrade', `GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n`],
  ['with the whole URL, as a proxy sends it', get('http://localhost:8081/healthz')],
])('a request %s is answered like any other', async (name, text) => {
  const { port } = await serve()
  const socket = await open(port)
  const answer = readAll(socket)
  const pieces = name === 'in pieces' ? text.match(/[\s\S]{1,7}/g) : [text]
  for (const piece of pieces ?? []) {
    socket.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(await answer).toMatch(ok)
})

test.each([
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['hello\r\n\r\n', 400],
  ['GET /healthz\r\n\r\n', 400],
  ['CONNECT localhost:443 HTTP/1.1\r\n\r\n', 404],
  [`GET /${'x'.repeat(9_000)} HTTP/1.1\r\n\r\n`, 431],
  [`GET /healthz HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
])('%j is answered %i', async (text, status) => {
  const { port } = await serve()
  expect(await exchange(port, text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
})
