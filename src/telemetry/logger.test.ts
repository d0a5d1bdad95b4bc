import { describe, expect, it } from 'vitest'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import type { LogFields } from '../ports/log.ts'
import { createLogger, type LoggerOptions } from './logger.ts'

const clock: Clock = { ...systemClock, now: () => Date.UTC(2026, 10, 23, 9, 30, 0, 250) }

/** A Log and the lines it has written. */
function logger(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  return { log: createLogger({ level: 'trace', format: 'json', destination, clock, ...options }), lines }
}

describe('the log as JSON', () => {
  it('is a line per call: level as a word, time as RFC 3339, fields, message', () => {
    const { log, lines } = logger()
    log.info({ namespace: 'shop', name: 'tls', reason: 'CertificateUploaded', attempt: 2 }, 'Uploaded')
    log.warn({ dryRun: true }, 'Would upload')
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        level: 'info',
        time: '2026-11-23T09:30:00.250Z',
        namespace: 'shop',
        name: 'tls',
        reason: 'CertificateUploaded',
        attempt: 2,
        msg: 'Uploaded',
      },
      { level: 'warn', time: '2026-11-23T09:30:00.250Z', dryRun: true, msg: 'Would upload' },
    ])
    for (const line of lines) expect(line).toMatch(/^[^\n]*\n$/)
  })

  it('writes every field of the list', () => {
    const fields = {
      namespace: 'n',
      name: 'n',
      fingerprint: 'f',
      certificateId: 'c',
      account: 'a',
      reason: 'r',
      phase: 'p',
      capability: 'c',
      step: 's',
      steps: 'c=s',
      attemptId: 'i',
      wokenBy: 'w',
      action: 'UploadCertificate',
      code: 'c',
      requestId: 'r',
      attempt: 1,
      until: 'u',
      durationMs: 1.5,
      count: 0,
      slots: 1,
      resourceVersion: '1',
      status: 200,
      address: 'a',
      lease: 'l',
      holder: 'h',
      version: 'v',
      dryRun: false,
      error: 'e',
    } as const satisfies Required<LogFields>
    const { log, lines } = logger()
    log.error(fields, 'All')
    expect(JSON.parse(lines[0] ?? '')).toMatchObject(fields)
  })

  it('leaves out what is not on the list, or not of its type', () => {
    const { log, lines } = logger()
    const fields = {
      privateKey: 'canary',
      body: { key: 'canary' },
      name: { toString: () => 'canary' },
      error: new Error('canary'),
      code: ['canary'],
      attempt: 'canary',
      count: Number.NaN,
      level: 'canary',
      time: 'canary',
      msg: 'canary',
    }
    log.info(fields as unknown as LogFields, 'Careful')
    expect(lines.join('')).not.toContain('canary')
    expect(JSON.parse(lines[0] ?? '')).toEqual({ level: 'info', time: expect.any(String), msg: 'Careful' })
  })

  it('shows no private key and bounds texts, in fields and in the message', () => {
    const pem = '-----BEGIN RSA PRIVATE KEY-----\ncanary\n-----END RSA PRIVATE KEY-----\n'
    const { log, lines } = logger()
    log.error({ error: pem, code: 'x'.repeat(10_000) }, `Failed: ${pem}`)
    expect(lines.join('')).not.toContain('canary')
    expect(lines.join('').length).toBeLessThan(1_000)
  })

  it.each([
    ['trace', 5],
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
  ] as const)('at level %s writes %d of the five levels', (level, count) => {
    const { log, lines } = logger({ level })
    for (const one of ['trace', 'debug', 'info', 'warn', 'error'] as const) log[one]({}, one)
    expect(lines).toHaveLength(count)
  })
})

describe('the log for people', () => {
  it('is a line per call: time, level, Secret, message, other fields', () => {
    const { log, lines } = logger({ format: 'pretty' })
    log.info({ namespace: 'shop', name: 'tls', certificateId: 'abc', error: 'none' }, 'Uploaded {name}')
    log.warn({ namespace: 'shop' }, 'Watch cut')
    log.error({}, 'Stopped')
    expect(lines.map((line) => line.replace(/^\[[\d:.]+\] /, ''))).toEqual([
      'INFO: shop/tls: Uploaded {name} {"certificateId":"abc","error":"none"}\n',
      'WARN: shop: Watch cut\n',
      'ERROR: Stopped\n',
    ])
  })

  it('cannot be made to print control characters', () => {
    const { log, lines } = logger({ format: 'pretty' })
    log.info({ namespace: 'a\u001b[2J', error: 'b\nINFO: forged' }, 'c\rd')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^\P{Cc}+\n$/u)
  })
})
