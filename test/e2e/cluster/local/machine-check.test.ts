import { expect, test } from 'vitest'
import { type Machine, networkPluginFolder, whatIsMissing } from './machine-check.ts'
import { explain } from './prepare-machine.ts'

const complete: Machine = {
  platform: 'linux',
  userId: 0,
  controlGroupProblems: [],
  isExecutable: () => true,
  programFolders: ['/usr/bin'],
}

/** A machine that has everything but these files. */
function without(...paths: string[]): Machine {
  return { ...complete, isExecutable: (path) => !paths.includes(path) }
}

test('a complete machine lacks nothing', () => {
  expect(whatIsMissing(complete)).toEqual({ reasons: [], programs: [], packages: [] })
})

test('missing programs are named with the packages that have them, all at once', () => {
  const machine = without('/usr/bin/runc', '/usr/bin/ctr', '/usr/bin/ip')
  expect(whatIsMissing(machine)).toEqual({
    reasons: [],
    programs: ['ctr', 'runc', 'ip'],
    packages: ['containerd', 'runc', 'iproute2'],
  })
})

test('the folder with all the network plugins is taken, wherever the distribution puts it', () => {
  expect(networkPluginFolder(complete)).toBe('/usr/lib/cni')
  expect(networkPluginFolder(without('/usr/lib/cni/portmap'))).toBe('/opt/cni/bin')
  const nowhere = { ...complete, isExecutable: (path: string) => !path.includes('/cni') }
  expect(networkPluginFolder(nowhere)).toBeUndefined()
  expect(whatIsMissing(nowhere).packages).toEqual(['containernetworking-plugins'])
})

test('what no package mends is explained: another system, another user, no control groups', () => {
  const { message } = explain(whatIsMissing({ ...complete, platform: 'darwin', userId: 501 }))
  expect(message).toContain('this is darwin')
  expect(message).toContain('only root')
  expect(message).toContain('E2E_CLUSTER=existing')
  expect(message).not.toContain('apt-get')
  const { reasons } = whatIsMissing({ ...complete, controlGroupProblems: ['no control groups'] })
  expect(reasons).toEqual(['no control groups'])
})

test('the explanation has the command that installs what is missing', () => {
  const { message } = explain(whatIsMissing(without('/usr/bin/runc', '/usr/bin/iptables')))
  expect(message).toContain('missing: runc, iptables')
  expect(message).toContain('apt-get install --no-install-recommends runc iptables')
})
