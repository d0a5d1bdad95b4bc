import { expect, test } from 'vitest'
import { addresses } from './addresses.ts'
import { containerdConfig } from './containerd-config.ts'
import { dnsConfig } from './dns-config.ts'
import { kubeletConfig } from './kubelet-config.ts'
import { layout } from './layout.ts'
import { type BuiltProgram, builtPrograms, nodePrograms } from './node-programs.ts'
import { proxyConfig } from './proxy-config.ts'

const files = layout('/f')
const paths = Object.fromEntries(builtPrograms.map((name) => [name, `/bin/${name}`])) as Record<
  BuiltProgram,
  string
>
const programs = nodePrograms(files, paths)
const flags = Object.values(programs).flatMap(({ command }) => command.slice(1))
const configs = [
  JSON.stringify([kubeletConfig(files), proxyConfig(files)]),
  containerdConfig(files, { networkPlugins: '/plugins', pauseImage: 'docker.io/local/pause:1' }),
  dnsConfig(files),
].join('\n')

test('nothing listens on another address than the node and loopback', () => {
  const text = [...flags, configs].join('\n')
  const listening = [...text.matchAll(/\b\d+\.\d+\.\d+\.\d+\b(?!\/)/g)].map(([address]) => address)
  expect(new Set(listening)).toEqual(new Set(['127.0.0.1', addresses.node]))
})

test('every file that a program is given lies in the folder of the cluster', () => {
  const inFlags = flags.flatMap((flag) => /^(?:--[a-z-]+=)?(\/.*)$/.exec(flag)?.[1] ?? [])
  const inConfigs = [...configs.matchAll(/[" ](\/[^"\s]+)/g)].map(([, path = '']) => path)
  const others = [...inFlags, ...inConfigs].filter((path) => !path.startsWith('/f/'))
  // The runtime's own folder is the node's alone; the plugins are the machine's programs.
  const allowed = [/^\/run\/containerd/, /^\/plugins$/, /^\/tencent-cert-sync-e2e$/]
  expect(others.filter((path) => !allowed.some((pattern) => pattern.test(path)))).toEqual([])
  expect(inFlags.length).toBeGreaterThan(15)
})

test('every program that is built is started, and containerd, the only one of the machine', () => {
  const started = Object.values(programs).map(({ command }) => command[0])
  expect(new Set(started)).toEqual(new Set([...Object.values(paths), 'containerd']))
})
