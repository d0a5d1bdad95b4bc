import { expect, test } from 'vitest'
import { ourMounts, ourRoutes, ourRules } from './machine-state.ts'

test('only routes of the cluster count: by interface or by address', () => {
  const ours = [
    { dst: '10.97.0.0/24', dev: 'eth9' },
    { dst: 'fe80::/64', dev: 'tcs-e2e' },
    { dst: '172.31.253.3', dev: 'lo' },
  ]
  const theirs = [
    { dst: 'default', dev: 'eth0' },
    { dst: '172.17.0.0/16', dev: 'docker0' },
    { dst: 'fd00::/64' },
  ]
  const told = ['10.97.0.0/24 eth9', 'fe80::/64 tcs-e2e', '172.31.253.3 lo']
  expect(ourRoutes([...theirs, ...ours])).toEqual(told)
})

test('only rules for the cluster count', () => {
  const ours = ['-A KUBE-SERVICES -d 10.98.0.1/32 -j KUBE-SVC-1', '-A FORWARD -i tcs-e2e -j ACCEPT']
  const theirs = ['*nat', ':DOCKER - [3:180]', '-A DOCKER -d 172.17.0.2/32 -i eth0 -j DNAT', 'COMMIT']
  expect(ourRules([...theirs, ...ours].join('\n'))).toEqual(ours)
})

test('only mounts of the node count', () => {
  const theirs = [
    'proc /proc proc rw 0 0',
    'tmpfs /var/lib/kubelet/pods/x tmpfs rw 0 0',
    'tmpfs /run tmpfs rw 0 0',
  ]
  const ours = [
    '/dev/vda /var/lib/kubelet ext4 rw 0 0',
    'overlay /var/lib/tencent-cert-sync-e2e/x overlay rw 0 0',
    '/dev/vda /proc/sys/kernel/panic ext4 rw 0 0',
  ]
  expect(ourMounts([...theirs, ...ours].join('\n'))).toEqual(ours.map((line) => line.split(' ')[1]))
})
