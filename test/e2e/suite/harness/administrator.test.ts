import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { writeKubeconfig } from '../../../control-plane/kubeconfig.ts'
import { testFolder } from '../../../programs/test-folder.ts'
import { administrator } from './administrator.ts'

/** A server that takes one token; its address, and what it was asked. */
async function api(accepted: { token: string }) {
  const asked: (string | undefined)[] = []
  const server = createServer(({ url, headers }, answer) => {
    asked.push(url)
    answer.writeHead(headers.authorization === `Bearer ${accepted.token}` ? 200 : 401).end('{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

test('an API server below a path is asked there', async () => {
  const { url, asked } = await api({ token: 'one' })
  const file = join(testFolder(), 'kubeconfig')
  writeKubeconfig(file, `${url}/k8s/clusters/c-1/`, '', { token: 'one' })
  const admin = await administrator(file)
  await admin.request('GET', '/version')
  await admin.close()
  expect(asked).toEqual(['/k8s/clusters/c-1/version'])
})

test('a token that is refused is read anew, once', async () => {
  const accepted = { token: 'one' }
  const { url, asked } = await api(accepted)
  const file = join(testFolder(), 'kubeconfig')
  writeKubeconfig(file, url, '', { token: 'one' })
  const admin = await administrator(file)
  accepted.token = 'two'
  await expect(admin.request('GET', '/version')).rejects.toThrow('401')
  expect(asked).toHaveLength(1)
  writeKubeconfig(file, url, '', { token: 'two' })
  await admin.request('GET', '/version')
  await admin.close()
  expect(asked).toHaveLength(3)
})
