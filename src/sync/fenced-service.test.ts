import { describe, expect, it } from 'vitest'
import { FakeCertificateService } from '../../test/fakes/certificate-service.ts'
import { createManualClock } from '../../test/fakes/manual-clock.ts'
import { FencedService } from './fenced-service.ts'
import { NotLeadingError } from './not-leading-error.ts'
import type { CertificateService } from './ports.ts'

const { signal } = new AbortController()
const upload = { type: 'SVR', certificate: '', tags: [], repeatable: false } as const

/** Every method that calls the service. */
const calls: Readonly<Record<string, (service: CertificateService) => Promise<unknown>>> = {
  upload: (it) => it.upload(upload, signal),
  describe: (it) => it.describe(['abcdefgh'], signal),
  findByAlias: (it) => it.findByAlias('alias', signal),
  findByTags: (it) => it.findByTags([{ key: 'k', value: 'v' }], signal),
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

it('can do what the service can', () => {
  for (const canFindByChain of [true, false]) {
    const inner = new FakeCertificateService(createManualClock(), { canFindByChain })
    expect(new FencedService(inner, { check() {} }).canFindByChain).toBe(canFindByChain)
  }
})
