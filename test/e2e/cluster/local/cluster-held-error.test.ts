import { describe, expect, test } from 'vitest'
import { ClusterHeldError, checkMayBeEnded } from './cluster-held-error.ts'
import type { ClusterRecord } from './cluster-record.ts'
import { identityOf } from './process-identity.ts'

describe.runIf(process.platform === 'linux')('whoever ends a kept cluster', () => {
  const owner = identityOf(process.pid)
  const starting = { owner, kept: true, startedAt: '2026-01-01T00:00:00Z', madeFolders: [] }
  const processes = { first: owner, outer: owner }
  const ready: ClusterRecord = {
    ...starting,
    processes,
    cluster: { kind: 'local', kubeconfig: '/k', image: 'i' },
  }

  test('ends the one that was there when they asked', () => {
    expect(() => checkMayBeEnded(ready, ready)).not.toThrow()
    expect(() => checkMayBeEnded(undefined, undefined)).not.toThrow()
  })

  test('does not end one that became ready while they waited', () => {
    const later = { ...ready, startedAt: '2026-01-01T00:01:00Z' }
    expect(() => checkMayBeEnded(later, undefined)).toThrow(ClusterHeldError)
    expect(() => checkMayBeEnded(later, ready)).toThrow(ClusterHeldError)
  })

  test('is refused while one is being started, or a suite uses its own', () => {
    expect(() => checkMayBeEnded(starting, starting)).toThrow(ClusterHeldError)
    const suite = { ...ready, kept: false }
    expect(() => checkMayBeEnded(suite, suite)).toThrow(`process ${owner.pid} has been using`)
  })
})
