import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Order } from '../order.ts'
import type { MachineNode } from './machine-node.ts'

/** Takes orders for the node: `POST /` with an Order as JSON. Answers 200 and a JSON result, or 500 and a message. */
export class OrderServer {
  readonly #node: MachineNode
  readonly #server: Server

  /** @param onOrder called with every order, before it is carried out */
  constructor(node: MachineNode, onOrder: () => void) {
    this.#node = node
    this.#server = createServer((request, response) => {
      onOrder()
      void this.#answer(request, response)
    })
    // A start takes as long as it takes.
    this.#server.requestTimeout = 0
  }

  listen(socket: string): void {
    this.#server.listen(socket)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await text(request)
      const result = await this.#carryOut(JSON.parse(body) as Order)
      response.end(JSON.stringify(result ?? null))
    } catch (error) {
      response.statusCode = 500
      response.end(error instanceof Error ? error.message : String(error))
    }
  }

  async #carryOut(order: Order): Promise<unknown> {
    switch (order.do) {
      case 'boot':
        return this.#node.boot()
      case 'status':
        return this.#node.status()
      case 'start':
        return this.#node.program(order.program).start()
      case 'stop':
        return this.#node.program(order.program).stop(order.signal)
      case 'signal':
        return this.#node.containers.signal(order.namespace, order.pod, order.signal)
      case 'import':
        return this.#node.containers.importImages(order.archive)
    }
  }
}

async function text(request: IncomingMessage): Promise<string> {
  let all = ''
  for await (const part of request.setEncoding('utf8')) all += part
  return all
}
