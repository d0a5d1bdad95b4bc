import { readFileSync } from 'node:fs'
import { ApiClient, ApiError } from '../../../control-plane/api-client.ts'
import { eventually } from '../../../harness/eventually.ts'
import type { AdminAccess } from './access-files.ts'
import { addresses, nodeName } from './addresses.ts'

interface NodeObject {
  spec: { taints?: { key: string }[] }
  status: { conditions?: { type: string; status: string; message: string }[] }
}

const readyTimeoutMs = 90_000

/**
 * Waits until pods can be scheduled: the node is Ready and has lost its taint, namespace `default` has an account.
 * @throws Error with what the kubelet wrote last
 */
export async function nodeIsUsable({ caPem, token }: AdminAccess, kubeletLog: string): Promise<void> {
  const api = new ApiClient(addresses.apiServer, caPem, () => token)
  const find = <T>(path: string) => api.request<T>('GET', path).catch(notFound)
  let seen = 'it has not registered'
  const ready = async () => {
    const node = await find<NodeObject>(`/api/v1/nodes/${nodeName}`)
    if (node === undefined) return false
    const condition = node.status.conditions?.find(({ type }) => type === 'Ready')
    seen = condition?.message ?? seen
    return condition?.status === 'True' && node.spec.taints === undefined
  }
  try {
    await eventually('the node is Ready', ready, {
      timeoutMs: readyTimeoutMs,
      details: () => `${seen}; the kubelet's last lines:\n${lastLines(kubeletLog)}`,
    })
    const account = () => find('/api/v1/namespaces/default/serviceaccounts/default')
    await eventually('namespace default has its ServiceAccount', async () => (await account()) !== undefined)
  } finally {
    await api.close()
  }
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n')
}

function notFound(error: unknown): undefined {
  if (error instanceof ApiError && error.status === 404) return undefined
  throw error
}
