import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testFolder } from '../../../programs/test-folder.ts'
import { controlGroupProblems, controlGroupVersion, makeControlGroup } from './control-group.ts'

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

test('the version is read from what the kernel shows', () => {
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

/** The root of a container's own, as version 2 shows it. */
const versionTwo = {
  'cgroup.controllers': 'cpuset cpu io memory pids rdma misc\n',
  'cgroup.subtree_control': 'cpu memory\n',
  'cgroup.type': 'domain\n',
  'cgroup.procs': '',
}

function passedOn(root: string, group: string): string {
  return readFileSync(join(root, group, 'cgroup.subtree_control'), 'utf8')
}

test('version 2: what the kubelet wants and is not passed on yet is passed on', () => {
  const inGroup = { 'e2e/cgroup.controllers': 'cpu memory\n', 'e2e/cgroup.subtree_control': '' }
  const root = controlGroups({ ...versionTwo, ...inGroup })
  expect(controlGroupProblems(root)).toEqual([])
  makeControlGroup('e2e', root)
  expect(passedOn(root, '.')).toBe('+cpuset +pids +io')
  expect(passedOn(root, 'e2e')).toBe('+cpu +memory')
})

test('version 2: where nothing is missing, nothing is written', () => {
  const inGroup = { 'e2e/cgroup.controllers': '\n', 'e2e/cgroup.subtree_control': '' }
  const root = controlGroups({
    ...versionTwo,
    'cgroup.subtree_control': 'cpuset cpu io memory pids\n',
    ...inGroup,
  })
  makeControlGroup('e2e', root)
  expect(passedOn(root, '.')).toBe('cpuset cpu io memory pids\n')
  expect(passedOn(root, 'e2e')).toBe('')
})

test('version 2: a group that holds processes or lacks controllers is reported with what to do', () => {
  const busy = controlGroups({ ...versionTwo, 'cgroup.procs': '1\n7\n' })
  expect(controlGroupProblems(busy)).toEqual([expect.stringMatching(/holds processes.*mkdir -p/)])
  const poor = controlGroups({ ...versionTwo, 'cgroup.controllers': 'cpu\n' })
  expect(controlGroupProblems(poor)).toEqual([expect.stringContaining('lacks the controllers memory, pids')])
  expect(controlGroupProblems(testFolder())).toEqual([expect.stringContaining('neither version 1 nor 2')])
})
