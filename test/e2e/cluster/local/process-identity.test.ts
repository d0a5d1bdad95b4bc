import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { type ClusterRecord, isHeld } from './cluster-record.ts'
import { identityOf, kill, runs } from './process-identity.ts'

/** A process that waits until it is ended. */
async function sleeper() {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' })
  await once(child, 'spawn')
  return { ...identityOf(child.pid ?? 0), ended: once(child, 'exit') }
}

describe.runIf(process.platform === 'linux')('the identity of a process', () => {
  test('holds as long as the process runs', async () => {
    const { ended, ...identity } = await sleeper()
    expect(runs(identity)).toBe(true)
    kill(identity)
    await ended
    expect(runs(identity)).toBe(false)
  })

  test('is not taken over by a later process with the same id: that one is left alone', async () => {
    const { ended, ...identity } = await sleeper()
    const earlier = { ...identity, began: `${identity.began}1` }
    expect(runs(earlier)).toBe(false)
    kill(earlier)
    expect(runs(identity)).toBe(true)
    kill(identity)
    await ended
  })

  test('cannot be asked of a process that is not there', () => {
    expect(() => identityOf(2 ** 22 + 1)).toThrow('there is no process')
  })
})

describe.runIf(process.platform === 'linux')('a local cluster', () => {
  const alive = identityOf(process.pid)
  const dead = { pid: alive.pid, began: 'before' }
  const cluster = { kind: 'local', kubeconfig: '/k', image: 'i' } as const
  const record = { kept: false, startedAt: '2026-01-01T00:00:00Z', madeFolders: [] }
  const running = { first: alive, outer: alive }
  const ended = { first: dead, outer: dead }

  test.each<[string, ClusterRecord, boolean]>([
    ['its owner lives', { ...record, owner: alive, processes: running, cluster }, true],
    ['its owner is just starting it', { ...record, owner: alive }, true],
    ['its owner was killed', { ...record, owner: dead, processes: running, cluster }, false],
    ['it is kept and runs', { ...record, kept: true, owner: dead, processes: running, cluster }, true],
    ['it was kept and has ended', { ...record, kept: true, owner: dead, processes: ended, cluster }, false],
    [
      'it was to be kept, but whoever started it was killed',
      { ...record, kept: true, owner: dead, processes: running },
      false,
    ],
  ])('%s', (_, state, held) => {
    expect(isHeld(state)).toBe(held)
  })
})
