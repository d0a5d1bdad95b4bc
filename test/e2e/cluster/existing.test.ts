import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { writeKubeconfig } from '../../control-plane/kubeconfig.ts'
import { testFolder } from '../../programs/test-folder.ts'
import { checkPlace, chooseCluster } from './choose-cluster.ts'
import { existingCluster } from './existing.ts'

/** A kubeconfig for a server that answers everything with this status; its address. */
async function kubeconfigFor(status: number): Promise<string> {
  const server = createServer((_, answer) => answer.writeHead(status).end('{}')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const file = join(testFolder(), 'kubeconfig')
  writeKubeconfig(file, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, '', { token: 't' })
  return file
}

test('every variable that is missing is named', async () => {
  await expect(existingCluster({})).rejects.toThrow(/E2E_KUBECONFIG .*\n- E2E_IMAGE/)
  await expect(existingCluster({ KUBECONFIG: '/k' })).rejects.toThrow(/needs\n- E2E_IMAGE/)
})

test('a cluster that answers is taken as it is, E2E_KUBECONFIG before KUBECONFIG', async () => {
  const E2E_KUBECONFIG = await kubeconfigFor(200)
  const cluster = await existingCluster({
    E2E_KUBECONFIG,
    KUBECONFIG: '/other',
    E2E_IMAGE: 'registry/image:1',
  })
  expect(cluster).toMatchObject({ kind: 'existing', kubeconfig: E2E_KUBECONFIG, image: 'registry/image:1' })
  expect(cluster.faults).toBeUndefined()
})

test('a cluster that cannot be used is said to be so, with the reason', async () => {
  const refusing = await kubeconfigFor(401)
  await expect(existingCluster({ KUBECONFIG: refusing, E2E_IMAGE: 'i' })).rejects.toThrow('status 401')
  const absent = join(testFolder(), 'absent')
  await expect(existingCluster({ KUBECONFIG: absent, E2E_IMAGE: 'i' })).rejects.toThrow(absent)
})

test('a word that is no place to run is refused with those that are', async () => {
  const chosen = chooseCluster({ env: { E2E_CLUSTER: 'minikube' } })
  await expect(chosen).rejects.toThrow('local, kind or existing')
  const checked = checkPlace({ env: { E2E_CLUSTER: 'minikube' } })
  await expect(checked).rejects.toThrow('local, kind or existing')
})

test('a kubeconfig that is no kubeconfig is refused', async () => {
  const file = join(testFolder(), 'kubeconfig')
  writeFileSync(file, 'not: one')
  await expect(existingCluster({ KUBECONFIG: file, E2E_IMAGE: 'i' })).rejects.toThrow()
})
