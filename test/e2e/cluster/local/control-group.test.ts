import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testFolder } from '../../../programs/test-folder.ts'
import { controlGroupVersion, makeControlGroup } from './control-group.ts'

/** A folder that looks like /sys/fs/cgroup, with these files. */
function controlGroups(files: Record<string, string>): string {
  const root = testFolder()
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return root
}

const versionOne = {
  'memory/cgroup.procs': '',
  'memory/tasks': '',
  'cpuset/tasks': '',
  'cpuset/cpuset.cpus': '0-1\n',
  'cpuset/cpuset.mems': '0\n',
  'unified/cgroup.controllers': '',
}

test('the version is told by what the kernel shows', () => {
  expect(controlGroupVersion(controlGroups(versionOne))).toBe(1)
  expect(controlGroupVersion(controlGroups({ 'cgroup.controllers': 'cpu memory\n' }))).toBe(2)
  expect(controlGroupVersion(testFolder())).toBeUndefined()
})

test('version 1: there is a group in every hierarchy, but for the one of version 2 beside them', () => {
  const root = controlGroups(versionOne)
  makeControlGroup('e2e', root)
  expect(controlGroupVersion(root)).toBe(1)
  for (const hierarchy of ['memory', 'cpuset']) mkdirSync(join(root, hierarchy, 'e2e', 'pod'))
  expect(() => mkdirSync(join(root, 'unified', 'e2e', 'pod'))).toThrow('ENOENT')
})

test('version 2: the controllers that the root has are passed on', () => {
  const controllers = { 'cgroup.controllers': 'cpu memory pids\n', 'cgroup.subtree_control': '' }
  const inGroup = { 'e2e/cgroup.controllers': 'cpu memory\n', 'e2e/cgroup.subtree_control': '' }
  const root = controlGroups({ ...controllers, ...inGroup })
  makeControlGroup('e2e', root)
  const passedOn = (group: string) => readFileSync(join(root, group, 'cgroup.subtree_control'), 'utf8')
  expect(passedOn('.')).toBe('+cpu +memory +pids')
  expect(passedOn('e2e')).toBe('+cpu +memory')
})
