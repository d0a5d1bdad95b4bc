import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { Call } from '../simulator/call-log.ts'
import type { Evidence } from './evidence.ts'
import { summarize } from './summary.ts'

function call(arrivedMs: number, rest: Partial<Call>): Call {
  return {
    number: 1,
    action: 'UploadCertificate',
    result: 'Success',
    delivery: 'answered',
    requestId: '',
    arrivedAt: '',
    arrivedMs,
    ...rest,
  }
}

const evidence: Evidence = {
  at: 0,
  members: [],
  annotations: new Map(),
  accountName: '',
  certificates: [],
  calls: [
    call(0, { certificateId: 'id000001' }),
    call(10, { certificateId: 'id000001' }),
    call(20, { certificateId: 'id000002' }),
    call(5_000, { result: 'InternalError' }),
    call(5_000, { action: 'DescribeCertificates' }),
  ],
  maxInAnySecond: 3,
  requests: [],
}
const numbers = { latencies: [300, 900, 400], serviceMs: 300, tookMs: 20_000 }

test('calls are counted by what they brought about', () => {
  const text = summarize(evidence, numbers).map(stripVTControlCharacters).join('\n')

  expect(text).toMatch(/CALLS +NEW ID +KNOWN ID +REFUSED +MAX\. IN A SECOND/)
  expect(text).toMatch(/UploadCertificate +4 +2 +1 +1 +3\n/)
  expect(text).toMatch(/DescribeCertificates +1 +0 +0 +0 +1\n/)
})

test('latencies are summed up by median and maximum', () => {
  expect(summarize(evidence, numbers).join('\n')).toContain('median 0.40 s, slowest 0.90 s')
})

test('fits 80 columns', () => {
  for (const line of summarize(evidence, numbers)) {
    expect(stripVTControlCharacters(line).length).toBeLessThan(80)
  }
})
