import { beforeEach, describe, expect, it } from 'vitest'
import { createManualClock, type ManualClock } from '../../../test/fakes/manual-clock.ts'
import { FakeEvents, FakeLog, FakeMetrics } from '../../../test/fakes/observability.ts'
import { FakeSecretStore } from '../../../test/fakes/secret-store.ts'
import { userAnnotations } from '../../../test/heart/observed.ts'
import { statusKeys } from '../../contract/annotation-keys.ts'
import type { Outcome } from '../step.ts'
import { StatusWriter, type StatusWriterParts } from './status-writer.ts'

const key = 'web/site'
const { signal } = new AbortController()
const { phase, reason, notAfter, intent } = statusKeys

let clock: ManualClock
let store: FakeSecretStore
let events: FakeEvents
let log: FakeLog
let metrics: FakeMetrics
let writer: StatusWriter
let woken: string[]

beforeEach(() => {
  clock = createManualClock()
  store = new FakeSecretStore({ clock })
  events = new FakeEvents()
  log = new FakeLog()
  metrics = new FakeMetrics()
  woken = []
  writer = new StatusWriter(parts())
  store.put(key, userAnnotations(), {})
})

function parts(more: Partial<StatusWriterParts> = {}): StatusWriterParts {
  return { clock, store, events, log, metrics, dryRun: false, wake: (keys) => woken.push(...keys), ...more }
}

function outcome(slice: Outcome['slice'], more: Partial<Outcome> = {}): Outcome {
  return {
    reason: 'CertificateUploaded',
    message: 'The certificate is uploaded.',
    severity: 'Normal',
    slice,
    newsworthy: [phase, reason],
    fields: { certificateId: 'id' },
    ...more,
  }
}

const synced = outcome({ [phase]: 'Synced', [notAfter]: 'x' })
const write = (outcomes: readonly Outcome[], slices: readonly Outcome['slice'][] = []) =>
  writer.write(key, store.snapshot(key), { outcomes, slices }, signal)

describe('a status', () => {
  it('is written in one patch, whatever it is made of; then follow log line, Event and metric', async () => {
    const other = outcome({ [reason]: 'NotVisible' }, { reason: 'NotVisible', severity: 'Warning' })
    await expect(write([synced, other], [{ [intent]: 'chain' }])).resolves.toMatchObject({ kind: 'written' })
    expect(store.writeAttempts(key)).toBe(1)
    expect(store.annotations(key)).toMatchObject({
      [phase]: 'Synced',
      [reason]: 'NotVisible',
      [intent]: 'chain',
    })
    expect(events.reasons(key)).toEqual(['CertificateUploaded', 'NotVisible'])
    expect(log.lines.map(({ level, fields }) => [level, fields.reason])).toEqual([
      ['info', 'CertificateUploaded'],
      ['warn', 'NotVisible'],
    ])
    expect(metrics.writes.get('written')).toBe(1)
  })

  it('that is there already is not written (I5)', async () => {
    await write([synced])
    await expect(write([synced])).resolves.toEqual({ kind: 'unchanged' })
    expect(store.writeAttempts(key)).toBe(1)
    expect(events.all).toHaveLength(1)
    expect(log.lines).toHaveLength(1)
  })

  it('that lost something is repaired without an Event', async () => {
    await write([synced])
    store.edit(key, { [notAfter]: null })
    await expect(write([synced])).resolves.toMatchObject({ kind: 'written' })
    expect(events.all).toHaveLength(1)
    expect(log.lines).toHaveLength(2)
  })

  it('that is book-keeping only has neither log line nor Event', async () => {
    await write([], [{ [intent]: 'chain' }])
    expect(store.writes(key)).toBe(1)
    expect([events.all, log.lines]).toEqual([[], []])
  })

  it('whose write was not answered is reported once it turns out to be there', async () => {
    store.lostAnswers = 1
    await expect(write([synced])).rejects.toThrow('no answer')
    expect(events.all).toEqual([])
    await expect(write([synced])).resolves.toEqual({ kind: 'unchanged' })
    expect(events.reasons(key)).toEqual(['CertificateUploaded'])
    await write([synced])
    expect(events.all).toHaveLength(1)
  })

  it('has what differs between attempts in the Event only', async () => {
    await write([{ ...synced, aside: 'Request ID 1.' }])
    expect(events.all[0]?.message).toBe('The certificate is uploaded. Request ID 1.')
    expect(JSON.stringify([store.annotations(key), log.lines])).not.toContain('Request ID 1')
  })

  it('names nothing but the Secret in its Event (I3)', async () => {
    store.put(key, userAnnotations(), { 'tls.key': Buffer.from('a key') })
    await write([synced])
    expect(Object.keys(events.all[0]?.secret ?? {}).sort()).toEqual([
      'name',
      'namespace',
      'resourceVersion',
      'uid',
    ])
  })

  it('is only counted in a dry run', async () => {
    writer = new StatusWriter(parts({ dryRun: true }))
    await expect(write([synced])).resolves.toEqual({ kind: 'unchanged' })
    expect(store.writeAttempts(key)).toBe(0)
    expect(metrics.wouldHaveDone.get('WriteStatus')).toBe(1)
  })
})

describe('a write that does not get through', () => {
  it('is stale where the Secret moved on, and costs nothing of the budget', async () => {
    for (let i = 0; i < 10; i += 1) {
      store.meanwhile.push(() => store.edit(key, { other: String(i) }))
      await expect(write([synced])).resolves.toEqual({ kind: 'stale' })
    }
    await expect(write([synced])).resolves.toMatchObject({ kind: 'written' })
    expect(events.reasons(key)).toEqual(['CertificateUploaded'])
  })

  it('is repeated after a minute where it was refused, and reported once', async () => {
    store.refusal = () => 'a policy'
    await expect(write([synced])).resolves.toEqual({ kind: 'later', retryMs: 60_000 })
    await expect(write([synced])).resolves.toEqual({ kind: 'later', retryMs: 60_000 })
    expect(store.writeAttempts(key)).toBe(1)
    await clock.advance(60_000)
    await write([synced])
    expect(store.writeAttempts(key)).toBe(2)
    expect(events.reasons(key)).toEqual(['StatusNotWritable'])
  })

  it('waits for its time also where only a call is made meanwhile', async () => {
    store.refusal = () => 'a policy'
    await write([synced])
    await expect(write([])).resolves.toEqual({ kind: 'unchanged' })
    await expect(write([synced])).resolves.toEqual({ kind: 'later', retryMs: 60_000 })
    expect(store.writeAttempts(key)).toBe(1)
  })

  it('does not wait any more where somebody else wrote the same', async () => {
    store.refusal = () => 'a policy'
    await write([synced])
    const before = store.snapshot(key)
    store.edit(key, { [phase]: 'Synced', [notAfter]: 'x' })
    await expect(write([synced])).resolves.toEqual({ kind: 'unchanged' })
    store.refusal = undefined
    const again = await writer.write(key, before, { outcomes: [synced], slices: [] }, signal)
    expect(again.kind).toBe('stale')
  })

  it('has those of its namespace repeated as soon as it is accepted', async () => {
    store.refusal = () => 'a policy'
    await write([synced])
    store.refusal = undefined
    store.put('web/other', userAnnotations(), {})
    await writer.write('web/other', store.snapshot('web/other'), { outcomes: [synced], slices: [] }, signal)
    expect(woken).toEqual([key])
    await expect(write([synced])).resolves.toMatchObject({ kind: 'written' })
  })

  it('is made at once where something else is to be written than what was refused', async () => {
    store.refusal = () => 'a policy'
    await write([synced])
    store.refusal = undefined
    await expect(write([outcome({ [phase]: 'Failed' })])).resolves.toMatchObject({ kind: 'written' })
  })
})

describe('a fight over the status', () => {
  it('is ended by the budget and reported as contested', async () => {
    for (let i = 0; i < 6; i += 1) {
      await expect(write([synced])).resolves.toMatchObject({ kind: 'written' })
      store.edit(key, { [phase]: 'Other' })
    }
    await expect(write([synced])).resolves.toEqual({ kind: 'later', retryMs: 20_000 })
    expect(events.reasons(key)).toContain('StatusContested')
    expect(metrics.writes.get('contested')).toBe(1)
  })

  it('is none where all writes are our own', async () => {
    for (let i = 0; i < 6; i += 1) await write([outcome({ [phase]: 'Synced', [notAfter]: String(i) })])
    await expect(write([outcome({ [notAfter]: 'last' })])).resolves.toMatchObject({ kind: 'later' })
    expect(events.reasons(key)).not.toContain('StatusContested')
  })

  it('is not won by opting out and in again', async () => {
    for (let i = 0; i < 6; i += 1) await write([outcome({ [notAfter]: String(i) })])
    writer.forget(key)
    await expect(write([outcome({ [notAfter]: 'last' })])).resolves.toMatchObject({ kind: 'later' })
  })
})
