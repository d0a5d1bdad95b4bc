import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

/** The first line of a request. */
export interface RequestLine {
  readonly method: string
  readonly path: string
  readonly query: string
}

/** An answer with all that is sent. */
export interface FullAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
  /** The body is announced, not sent. */
  readonly headOnly: boolean
}

const maxHeadBytes = 8_192
/** What may arrive after the head of a request; it is thrown away. */
const maxRestBytes = 65_536
/** An answer so small is sent in one piece. */
const smallBytes = 1_024
const headEnd = '\r\n\r\n'
/** Instead of a head that is larger than 8 KiB. */
export const tooLarge = Symbol('too large')

/**
 * Reads a request up to the end of its headers; what follows is left unread.
 * @returns its text; `tooLarge`; undefined when the connection ended before
 */
export function readHead(socket: Socket): Promise<string | typeof tooLarge | undefined> {
  return new Promise((resolve) => {
    let text = ''
    const settle = (head: string | typeof tooLarge | undefined) => {
      socket.pause().off('data', onData).off('end', onEnd).off('close', onEnd)
      resolve(head)
    }
    const onEnd = () => {
      socket.destroy()
      settle(undefined)
    }
    const onData = (chunk: Buffer) => {
      text += chunk.subarray(0, maxHeadBytes - text.length).toString('latin1')
      const end = text.indexOf(headEnd)
      if (end >= 0) settle(text.slice(0, end))
      else if (text.length === maxHeadBytes) settle(tooLarge)
    }
    socket.on('data', onData).on('end', onEnd).on('close', onEnd)
  })
}

/**
 * Of the head of a request. The headers change no answer and are not read.
 * @returns undefined where this is not HTTP/1
 */
export function parseRequestLine(head: string): RequestLine | undefined {
  const [, method, target] = /^([A-Z]+) (\S+) HTTP\/1\.\d(?:\r\n|$)/.exec(head) ?? []
  if (method === undefined || target === undefined) return undefined
  // A proxy sends the whole URL (RFC 9112, section 3.2.2).
  const [path = '', query = ''] = target.replace(/^https?:\/\/[^/?]*/i, '').split('?', 2)
  return { method, path, query }
}

/** Sends an answer and ends the connection when it has been read, and at once where the client goes on sending. */
export function sendAnswer(socket: Socket, { status, contentType, body, headOnly }: FullAnswer): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `date: ${new Date().toUTCString()}`,
    `content-type: ${contentType}`,
    `content-length: ${body.length}`,
    'cache-control: no-store',
    'x-content-type-options: nosniff',
    ...(status === 405 ? ['allow: GET, HEAD'] : []),
    'connection: close',
  ]
  const head = Buffer.from(`${lines.join('\r\n')}${headEnd}`)
  if (headOnly) socket.end(head)
  else if (body.length <= smallBytes) socket.end(Buffer.concat([head, body]))
  else {
    // Not copied: those who are sent the same page share it.
    socket.cork()
    socket.write(head)
    socket.end(body)
  }
  // To close with unread bytes would reset the connection, and the client might lose the answer.
  let rest = 0
  socket.on('data', (chunk: Buffer) => {
    rest += chunk.length
    if (rest > maxRestBytes) socket.destroy()
  })
  socket.resume()
}
