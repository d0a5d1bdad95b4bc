import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testFolder } from '../programs/test-folder.ts'
import { type AuditEvent, AuditLog, matches, writes } from './audit.ts'

const event: AuditEvent = {
  auditID: '1',
  stage: 'ResponseComplete',
  verb: 'patch',
  requestURI: '/api/v1/namespaces/a/secrets/s',
  user: { username: 'system:serviceaccount:ops:sync' },
  objectRef: { resource: 'secrets', namespace: 'a', name: 's' },
  responseStatus: { code: 200 },
  requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
  stageTimestamp: '2026-01-01T00:00:00.000000Z',
}

test('a filter matches when all that it names does', () => {
  expect(matches(event, {})).toBe(true)
  expect(matches(event, { verb: writes, resource: 'secrets', namespace: 'a', name: 's', code: 200 })).toBe(
    true,
  )
  for (const other of [
    { verb: 'get' },
    { user: 'admin' },
    { resource: 'events' },
    { namespace: 'b' },
    { name: 't' },
    { code: 409 },
    { stage: 'ResponseStarted' as const },
  ]) {
    expect(matches(event, other), JSON.stringify(other)).toBe(false)
  }
})

test('a log that grows is read on from where it was, and half a line waits for its other half', async () => {
  const file = join(testFolder(), 'audit.jsonl')
  const log = new AuditLog(file)
  expect(await log.events()).toEqual([])
  const line = Buffer.from(`${JSON.stringify({ ...event, requestURI: '/é' })}\n`)
  // The cut goes through the two bytes of the é.
  const cut = line.indexOf(0xc3) + 1
  appendFileSync(file, line)
  appendFileSync(file, line.subarray(0, cut))
  expect(await log.events()).toHaveLength(1)
  appendFileSync(file, line.subarray(cut))
  expect((await log.events()).map((each) => each.requestURI)).toEqual(['/é', '/é'])
  expect(await log.events({ verb: 'get' })).toEqual([])
})

test('a line that a killed API server left unfinished is passed over', async () => {
  const file = join(testFolder(), 'audit.jsonl')
  appendFileSync(file, `{"auditID":"cut${JSON.stringify(event)}\n${JSON.stringify(event)}\n`)
  expect(await new AuditLog(file).events()).toEqual([event])
})
