import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KubeConfig } from '../../../../src/kubernetes/kube-config.ts'
import { testFolder } from '../../../programs/test-folder.ts'
import { writeAccessFiles } from './access-files.ts'
import { addresses } from './addresses.ts'
import { type ClusterUser, clusterUsers, layout } from './layout.ts'

test('everybody has a kubeconfig whose token stands for their user in the token file', async () => {
  const files = layout(testFolder())
  const access = await writeAccessFiles(files)
  const tokens = readFileSync(files.tokens, 'utf8').trim().split('\n')
  const byToken = new Map(tokens.map((line) => [line.split(',')[0] ?? '', line.split(',').slice(1)]))
  for (const name of Object.keys(clusterUsers) as ClusterUser[]) {
    const { server, tls, headers } = await new KubeConfig({ file: files.kubeconfig(name) }).read()
    expect(server.origin).toBe(addresses.apiServer)
    expect(String(tls.ca)).toBe(access.caPem)
    const [user, , group = ''] = byToken.get(headers['authorization']?.replace('Bearer ', '') ?? '') ?? []
    expect({ user, group }).toEqual(clusterUsers[name])
  }
  expect(byToken.get(access.token)?.[0]).toBe('admin')
})

test('nobody but root reads a key or a token', async () => {
  const folder = testFolder()
  await writeAccessFiles(layout(folder))
  const readable = readdirSync(folder).filter((name) => (statSync(join(folder, name)).mode & 0o077) !== 0)
  expect(readable).toEqual([])
})
