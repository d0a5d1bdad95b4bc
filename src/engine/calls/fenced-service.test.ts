import { describe, expect, it } from 'vitest'
import { FakeCertificateService, serviceError } from '../../../test/fakes/certificate-service.ts'
import { createManualClock } from '../../../test/fakes/manual-clock.ts'
import { NotLeadingError } from '../../ports/not-leading-error.ts'
import type { CertificateService } from '../../ports/ssl-service.ts'
import { FencedService } from './fenced-service.ts'

const { signal } = new AbortController()
const upload = { type: 'SVR', certificate: '', tags: [], repeatable: false } as const

/** Every method that calls the service. */
const calls: Readonly<Record<string, (service: CertificateService) => Promise<unknown>>> = {
  upload: (it) => it.upload(upload, signal),
  describe: (it) => it.describe({ by: 'ids', ids: ['abcdefgh'] }, signal),
  findByChain: (it) => it.findByChain('', signal),
}

describe.each(Object.entries(calls))('%s', (name, call) => {
  it('is passed on while the fence is open, and not made otherwise', async () => {
    let isLeading = true
    const made: string[] = []
    const record = (method: string) => async () => {
      made.push(method)
      return []
    }
    const inner = Object.fromEntries(Object.keys(calls).map((it) => [it, record(it)]))
    const fence = {
      check() {
        if (!isLeading) throw new NotLeadingError()
      },
    }
    const service = new FencedService(inner as unknown as CertificateService, fence)
    await call(service)
    expect(made).toEqual([name])
    isLeading = false
    await expect(call(service)).rejects.toThrow(NotLeadingError)
    expect(made).toEqual([name])
  })
})

it('takes a call that failed when the fence was closed for one that was not made', async () => {
  let isLeading = true
  const failure = serviceError({ failure: 'outage', action: 'UploadCertificate', code: 'ConnectionFailed' })
  const inner = {
    upload: async () => {
      throw failure
    },
  } as unknown as CertificateService
  const fence = {
    check() {
      if (!isLeading) throw new NotLeadingError()
    },
  }
  const service = new FencedService(inner, fence)
  await expect(service.upload(upload, signal)).rejects.toBe(failure)
  const call = service.upload(upload, signal)
  isLeading = false
  await expect(call).rejects.toThrow(NotLeadingError)
})

it('can do what the service can', () => {
  for (const canFindByChain of [true, false]) {
    const inner = new FakeCertificateService(createManualClock(), { canFindByChain })
    expect(new FencedService(inner, { check() {} }).canFindByChain).toBe(canFindByChain)
  }
})
