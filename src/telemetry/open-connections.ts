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

  /** @param limit how many may be open at a time */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Takes a new connection, which may end another one. It is forgotten when it closes. */
  add(socket: Socket): void {
    if (this.#open.size >= this.#limit) this.#evict()
    this.#open.set(socket, { peer: socket.remoteAddress ?? '', answerBytes: 0 })
    socket.once('close', () => this.#open.delete(socket))
  }

  /** An answer of that size is about to be sent. Where answers hold too much memory, those of the oldest connections end. */
  answering(socket: Socket, bytes: number): void {
    const own = this.#open.get(socket)
    if (own) own.answerBytes = bytes
    const answering = [...this.#open].filter(([, { answerBytes }]) => answerBytes > 0)
    let total = answering.reduce((sum, [, { answerBytes }]) => sum + answerBytes, 0)
    while (total > maxAnswerBytes && answering.length > minAnswers) {
      const [oldest] = answering.splice(0, 1)
      if (oldest === undefined) return
      total -= oldest[1].answerBytes
      this.#end(oldest[0])
    }
  }

  /** Ends all of them. */
  destroy(): void {
    for (const socket of [...this.#open.keys()]) this.#end(socket)
  }

  #evict(): void {
    const counts = new Map<string, number>()
    for (const { peer } of this.#open.values()) counts.set(peer, (counts.get(peer) ?? 0) + 1)
    const most = Math.max(...counts.values())
    const oldest = [...this.#open].find(([, { peer }]) => counts.get(peer) === most)
    if (oldest) this.#end(oldest[0])
  }

  /** It no longer counts, although its `close` is yet to come. */
  #end(socket: Socket): void {
    this.#open.delete(socket)
    socket.destroy()
  }
}
