import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ConfigurationError, parseConfig } from '../config.ts'
import { podNamespace } from './leader-election.ts'

const credentials = { TENCENTCLOUD_SECRET_ID: 'an-id', TENCENTCLOUD_SECRET_KEY: 'a-secret-key' }

function electionOf(args: readonly string[], namespace: string | undefined = undefined) {
  const invocation = parseConfig(['--cluster-name', 'test', ...args], credentials, () => namespace)
  if (invocation.kind !== 'run') throw new Error(`asked for ${invocation.kind}`)
  return invocation.config.leaderElection
}

function problemsOf(args: readonly string[], namespace: string | undefined = undefined): readonly string[] {
  try {
    electionOf(args, namespace)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
  return []
}

describe('the election', () => {
  it('is off unless it is asked for, whatever else is said of it', () => {
    expect(electionOf([])).toBeUndefined()
    expect(electionOf(['--leader-elect=false', '--renew-deadline', '20s'])).toBeUndefined()
  })

  it('is off in a dry run, which must not keep the lease from others, but is checked all the same', () => {
    expect(electionOf(['--leader-elect', '--dry-run'], 'cert-sync')).toBeUndefined()
    expect(problemsOf(['--leader-elect', '--dry-run', '--retry-period', '10s'], 'cert-sync')).toHaveLength(1)
  })

  it('has the usual times, and the namespace of the pod', () => {
    expect(electionOf(['--leader-elect'], 'cert-sync')).toEqual({
      leaseName: 'tencent-cert-sync',
      leaseNamespace: 'cert-sync',
      leaseDurationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryPeriodMs: 2_000,
    })
  })

  it('takes name, namespace and times from the flags', () => {
    const args =
      '--lease-name a.b --lease-namespace n --lease-duration 4s --renew-deadline 3s --retry-period 500ms'
    expect(electionOf(['--leader-elect', ...args.split(' ')], 'of-the-pod')).toEqual({
      leaseName: 'a.b',
      leaseNamespace: 'n',
      leaseDurationMs: 4_000,
      renewDeadlineMs: 3_000,
      retryPeriodMs: 500,
    })
  })
})

describe('an election that cannot work', () => {
  it.each([
    ['--renew-deadline', '15s', 'less than --lease-duration'],
    ['--renew-deadline', '16s', 'less than --lease-duration'],
    ['--lease-duration', '10s', 'less than --lease-duration'],
    ['--retry-period', '3400ms', 'at most a third of --renew-deadline'],
    ['--retry-period', '11s', 'at most a third of --renew-deadline'],
  ])('is refused with %s %s, expected %s', (flag, text, expected) => {
    expect(problemsOf(['--leader-elect', flag, text], 'pod')).toEqual([
      expect.stringMatching(new RegExp(`^--.*: got .*, expected ${expected} .*; for example: `)),
    ])
  })

  it('is refused outside of a pod without a namespace', () => {
    expect(problemsOf(['--leader-elect'])).toEqual([
      expect.stringMatching(/^--lease-namespace: required with --leader-elect outside of a pod/),
    ])
  })

  it('reports all problems at once', () => {
    const args = '--leader-elect --retry-period 20s --renew-deadline 20s --lease-name A --account =x'
    expect(problemsOf(args.split(' '))).toEqual([
      expect.stringMatching(/^--account: /),
      expect.stringMatching(/^--lease-name: got "A"/),
      expect.stringMatching(/^--renew-deadline: got 20s/),
      expect.stringMatching(/^--retry-period: got 20s/),
      expect.stringMatching(/^--lease-namespace: required/),
    ])
  })
})

describe('the namespace of the pod', () => {
  it('is read from the file that Kubernetes mounts', () => {
    const folder = mkdtempSync(join(tmpdir(), 'namespace-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'namespace')
    writeFileSync(file, 'shop\n')
    expect(podNamespace(file)).toBe('shop')
    writeFileSync(file, '')
    expect(podNamespace(file)).toBeUndefined()
  })

  it('is unknown where there is no such file', () => {
    expect(podNamespace(join(tmpdir(), 'there-is-no-such-file'))).toBeUndefined()
  })
})
