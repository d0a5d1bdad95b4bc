import { setTimeout as passing } from 'node:timers/promises'
import type { ApiClient } from '../../../../control-plane/api-client.ts'
import { eventually } from '../../../../harness/eventually.ts'

interface PodObject {
  status: {
    podIP?: string
    containerStatuses?: { ready: boolean; restartCount: number }[]
  }
}

const server = "require('node:http').createServer((_, answer) => answer.end('here')).listen(8080)"

/** A pod that answers HTTP requests on its own address, in namespace `default`. */
export class ServerPod {
  readonly name: string
  readonly #api: ApiClient
  readonly #path: string

  constructor(api: ApiClient, name: string) {
    this.name = name
    this.#api = api
    this.#path = `/api/v1/namespaces/default/pods/${name}`
  }

  /** @param image with Node in it */
  async create(image: string): Promise<void> {
    const body = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: this.name },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'server',
            image,
            imagePullPolicy: 'Never',
            command: ['/nodejs/bin/node', '-e', server],
            readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 },
          },
        ],
      },
    }
    await this.#api.request('POST', '/api/v1/namespaces/default/pods', { body })
    await this.ready(0)
  }

  /** Resolves when the pod is Ready and its container has been restarted that often. */
  async ready(restarts: number): Promise<void> {
    await eventually(`${this.name} is ready after ${restarts} restarts`, async () => {
      const container = (await this.#read()).status.containerStatuses?.[0]
      return container?.ready === true && container.restartCount === restarts
    })
  }

  async restarts(): Promise<number> {
    return (await this.#read()).status.containerStatuses?.[0]?.restartCount ?? 0
  }

  /** The pod's address, which can be called from the machine. */
  async url(): Promise<string> {
    return `http://${(await this.#read()).status.podIP}:8080/`
  }

  #read(): Promise<PodObject> {
    return this.#api.request<PodObject>('GET', this.#path)
  }
}

/** What the server says within a second, `undefined` when it does not answer. */
export async function answerOf(url: string): Promise<string | undefined> {
  const abort = new AbortController()
  const answer = fetch(url, { signal: abort.signal }).then(
    (response) => response.text(),
    () => undefined,
  )
  const first = await Promise.race([answer, passing(1_000, undefined)])
  abort.abort()
  return first
}

/** Resolves when the server answers. */
export async function eventuallyAnswers(url: string): Promise<void> {
  await eventually(`${url} answers`, async () => (await answerOf(url)) === 'here')
}
