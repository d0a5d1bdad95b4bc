/** Changes of one transaction: etcd allows 128 by default. */
export const putsAtATime = 100

/** What is stored, one character per byte. */
export type Bytes = string

/** Reads and writes etcd, without the API server before it. */
export class EtcdClient {
  readonly #url: string

  /** @param url of etcd's gateway, which speaks JSON on the port of its API */
  constructor(url: string) {
    this.#url = url
  }

  /** @throws Error where there is no such key */
  async get(key: string): Promise<Bytes> {
    const { kvs = [] } = (await this.#ask('range', { key: encode(key) })) as { kvs?: { value: string }[] }
    if (kvs[0] === undefined) throw new Error(`etcd has no ${key}`)
    return Buffer.from(kvs[0].value, 'base64').toString('latin1')
  }

  /** Writes up to `putsAtATime` keys, all or none. */
  async put(entries: readonly (readonly [key: string, value: Bytes])[]): Promise<void> {
    const success = entries.map(([key, value]) => ({
      requestPut: { key: encode(key), value: encode(value) },
    }))
    await this.#ask('txn', { success })
  }

  async #ask(what: 'range' | 'txn', body: object): Promise<unknown> {
    const answer = await fetch(`${this.#url}/v3/kv/${what}`, { method: 'POST', body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`etcd: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
}

function encode(bytes: Bytes): string {
  return Buffer.from(bytes, 'latin1').toString('base64')
}
