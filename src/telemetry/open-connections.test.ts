import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { OpenConnections } from './open-connections.ts'

const mebibyte = 1024 * 1024

function from(remoteAddress: string): Socket {
  return Object.defineProperty(new Socket(), 'remoteAddress', { value: remoteAddress })
}

function addAll(connections: OpenConnections, ...addresses: string[]): Socket[] {
  const sockets = addresses.map(from)
  for (const socket of sockets) connections.add(socket)
  return sockets
}

const ended = (sockets: readonly Socket[]) => sockets.map(({ destroyed }) => destroyed)

test('a peer that floods evicts itself: others keep their connections, however old', () => {
  const sockets = addAll(new OpenConnections(3), 'prometheus', 'flood', 'flood', 'flood', 'flood', 'kubelet')
  expect(ended(sockets)).toEqual([false, true, true, true, false, false])
})

test('where all come from one address, the oldest connection makes room for the newest', () => {
  const sockets = addAll(new OpenConnections(2), 'nat', 'nat', 'nat', 'nat')
  expect(ended(sockets)).toEqual([true, true, false, false])
})

test('a connection that has closed takes no room', async () => {
  const connections = new OpenConnections(2)
  const [first, second] = addAll(connections, 'a', 'b')
  const closed = new Promise((resolve) => second?.once('close', resolve))
  second?.destroy()
  await closed
  const [third] = addAll(connections, 'c')
  expect([first?.destroyed, third?.destroyed]).toEqual([false, false])
})

test('answers under way hold a bounded amount of memory: those of the oldest connections end', () => {
  const connections = new OpenConnections(20)
  const sockets = addAll(connections, ...Array.from({ length: 10 }, () => 'peer'))
  for (const socket of sockets) connections.answering(socket, 6 * mebibyte)
  expect(ended(sockets)).toEqual([true, true, true, true, true, false, false, false, false, false])
})

test('four answers may be under way, however large they are', () => {
  const connections = new OpenConnections(20)
  const sockets = addAll(connections, 'a', 'b', 'c', 'd', 'e')
  for (const socket of sockets) connections.answering(socket, 40 * mebibyte)
  expect(ended(sockets)).toEqual([true, false, false, false, false])
})

test('small answers end nothing', () => {
  const connections = new OpenConnections(100)
  const sockets = addAll(connections, ...Array.from({ length: 100 }, () => 'peer'))
  for (const socket of sockets) connections.answering(socket, 3)
  expect(sockets.some(({ destroyed }) => destroyed)).toBe(false)
})
