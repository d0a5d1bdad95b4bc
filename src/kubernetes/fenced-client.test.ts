import { expect, it } from 'vitest'
import { NotLeadingError } from '../ports/not-leading-error.ts'
import type { KubernetesClient, KubernetesRequest } from './client.ts'
import { FencedClient } from './fenced-client.ts'

it('lets everybody read and watch, and only the leader write', async () => {
  let isLeading = true
  const sent: string[] = []
  const inner = {
    server: 'https://api',
    request: async ({ method }: KubernetesRequest) => {
      sent.push(method)
      return { status: 200, body: undefined }
    },
    stream: async () => {
      sent.push('stream')
      return []
    },
    close: () => sent.push('close'),
  } as unknown as KubernetesClient
  const fence = {
    check() {
      if (!isLeading) throw new NotLeadingError()
    },
  }
  const client = new FencedClient(inner, fence)
  const methods = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'] as const
  for (const method of methods) await client.request({ method, path: '/' })
  expect(sent.splice(0)).toEqual(methods)

  isLeading = false
  for (const method of ['POST', 'PATCH', 'PUT', 'DELETE'] as const) {
    await expect(client.request({ method, path: '/' })).rejects.toThrow(NotLeadingError)
  }
  await client.request({ method: 'GET', path: '/' })
  await client.stream({ method: 'GET', path: '/' })
  client.close()
  expect(sent).toEqual(['GET', 'stream', 'close'])
  expect(client.server).toBe('https://api')
})
