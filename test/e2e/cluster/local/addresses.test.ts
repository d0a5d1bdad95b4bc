import { expect, test } from 'vitest'
import { addresses, overlap, takenAddresses } from './addresses.ts'

test.each([
  ['10.97.0.0/24', '10.97.0.0/24', true],
  ['10.97.0.0/24', '10.0.0.0/8', true],
  ['10.97.0.7', '10.97.0.0/24', true],
  ['10.97.0.255', '10.97.1.0', false],
  ['172.31.253.0/30', '172.31.253.4/30', false],
  ['172.31.253.0/30', '0.0.0.0/0', true],
  ['10.97.0.0/24', 'fd00::/8', false],
])('%s and %s have an address in common: %s', (one, other, expected) => {
  expect(overlap(one, other)).toBe(expected)
  expect(overlap(other, one)).toBe(expected)
})

test('every address that something else uses is named, with the interface; the default route is no use', () => {
  const routes = [
    { dst: 'default', dev: 'eth0' },
    { dst: '192.0.2.0/24', dev: 'eth0' },
    { dst: '10.97.0.0/16', dev: 'vpn0' },
    { dst: '172.31.253.1', dev: 'docker0' },
  ]
  expect(takenAddresses(routes)).toEqual([
    '10.97.0.0/24 is needed for the cluster, but 10.97.0.0/16 leads to vpn0 already',
    '172.31.253.0/30 is needed for the cluster, but 172.31.253.1 leads to docker0 already',
  ])
  expect(takenAddresses(routes.slice(0, 2))).toEqual([])
})

test('the addresses lie in the ranges that are said for them', () => {
  expect(overlap(addresses.host, addresses.cable)).toBe(true)
  expect(overlap(addresses.node, addresses.cable)).toBe(true)
  expect(overlap(addresses.apiService, addresses.services)).toBe(true)
  expect(overlap(addresses.pods, addresses.services)).toBe(false)
})
