import type { Socket } from 'node:net'

/** What is known of an open connection. */
interface Connection {
  /** The address at its other end. */
  readonly peer: string
  /** Bytes of the answer that is being sent; 0 before. */
  answerBytes: number
}

/** Answers under way hold no more memory than that together, here and in the kernel's buffers ... */
const maxAnswerBytes = 32 * 1024 * 1024
/** ... but this many may always be under way: several Prometheus servers may scrape a large page at once. */
const minAnswers = 4

/**
 * The open connections of a server. A new one is always accepted: the kubelet opens one for each probe. Where there is
 * no room, the oldest connection ends of the peer that has most of them: a peer that floods evicts itself, unless all
 * come from one address (NAT); then the oldest of all ends.
 */
export class OpenConnections {
  readonly #limit: number
  /** In the order of their arrival. */
  readonly #open = new Map<Socket, Connection>()
  /** Of all of them together. */
  #answerBytes = 0

  /** @param limit how many may be open at a time */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Takes a new connection, which may end another one. It is forgotten when it closes. */
  add(socket: Socket): void {
    if (this.#open.size >= this.#limit) this.#evict()
    this.#open.set(socket, { peer: socket.remoteAddress ?? '', answerBytes: 0 })
    socket.once('close', () => this.#forget(socket))
  }

  /** An answer of that size is about to be sent. Where answers hold too much memory, those of the oldest connections end. */
  answering(socket: Socket, bytes: number): void {
    const own = this.#open.get(socket)
    if (own === undefined) return
    own.answerBytes = bytes
    this.#answerBytes += bytes
    if (this.#answerBytes > maxAnswerBytes) this.#endOldestAnswers()
  }

  /** Ends all of them. */
  destroy(): void {
    for (const socket of this.#open.keys()) this.#end(socket)
  }

  #evict(): void {
    const counts = new Map<string, number>()
    let most = 0
    for (const { peer } of this.#open.values()) {
      const count = (counts.get(peer) ?? 0) + 1
      counts.set(peer, count)
      most = Math.max(most, count)
    }
    for (const [socket, { peer }] of this.#open) {
      if (counts.get(peer) !== most) continue
      this.#end(socket)
      break
    }
  }

  #endOldestAnswers(): void {
    const answering = [...this.#open].filter(([, { answerBytes }]) => answerBytes > 0)
    for (const [socket] of answering.slice(0, -minAnswers)) {
      if (this.#answerBytes <= maxAnswerBytes) break
      this.#end(socket)
    }
  }

  /** It no longer counts, although its `close` is yet to come. */
  #end(socket: Socket): void {
    this.#forget(socket)
    socket.destroy()
  }

  #forget(socket: Socket): void {
    this.#answerBytes -= this.#open.get(socket)?.answerBytes ?? 0
    this.#open.delete(socket)
  }
}
