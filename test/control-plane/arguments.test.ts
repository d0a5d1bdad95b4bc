import { expect, test } from 'vitest'
import { apiServerArguments, etcdArguments, files } from './arguments.ts'

const layout = { folder: '/f', etcdPort: 1001, peerPort: 1002, apiPort: 1003 }
const everything = [...etcdArguments(layout), ...apiServerArguments(layout)]

test('nothing listens or is advertised beyond loopback', () => {
  const addresses = everything.join('\n').matchAll(/(?:https?:\/\/|address=)([\d.]+)/g)
  const hosts = [...addresses].map(([, host]) => host)
  expect(hosts.length).toBeGreaterThan(5)
  expect(new Set(hosts)).toEqual(new Set(['127.0.0.1']))
})

test('the API server talks to that etcd, on the port it was given', () => {
  expect(etcdArguments(layout)).toContain('--listen-client-urls=http://127.0.0.1:1001')
  expect(apiServerArguments(layout)).toContain('--etcd-servers=http://127.0.0.1:1001')
  expect(apiServerArguments(layout)).toContain('--secure-port=1003')
})

test('access is decided by RBAC, and every file is in the folder', () => {
  expect(apiServerArguments(layout)).toContain('--authorization-mode=RBAC')
  for (const argument of everything) {
    const path = /^--[a-z-]+=(\/.*)$/.exec(argument)?.[1]
    if (path !== undefined) expect(path).toMatch(/^\/f\//)
  }
  expect(apiServerArguments(layout)).toContain(`--audit-log-path=${files('/f').auditLog}`)
})
