import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maxInAnySecond, RateLimit } from './rate-limit.ts'
import { startSimulator } from './server.ts'
import { call, codeOf, credentials } from './testing/call.ts'

describe('RateLimit', () => {
  test('admits the next one exactly 1,000 ms after the first of ten, and not before', () => {
    const limit = new RateLimit(10)
    for (let i = 0; i < 10; i += 1) expect(limit.admit('account', 'Upload', 50 * i)).toBe(true)
    expect(limit.admit('account', 'Upload', 999.9)).toBe(false)
    expect(limit.admit('account', 'Upload', 1000)).toBe(true)
    expect(limit.admit('account', 'Upload', 1049.9)).toBe(false)
  })

  test('admits as many as it can and never more than the limit in any exact second', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 400, noNaN: true }), { maxLength: 200 }), (gaps) => {
        const limit = new RateLimit(10)
        const admitted: number[] = []
        let at = 0
        for (const gap of gaps) {
          at += gap
          const free = admitted.filter((each) => at - each < 1000).length < 10
          expect(limit.admit('account', 'Upload', at)).toBe(free)
          if (free) admitted.push(at)
        }
        expect(maxInAnySecond(admitted)).toBeLessThanOrEqual(10)
      }),
    )
  })

  test('counts every action and every account on its own', () => {
    const limit = new RateLimit(1)
    expect(limit.admit('a', 'Upload', 0)).toBe(true)
    expect(limit.admit('a', 'Describe', 0)).toBe(true)
    expect(limit.admit('b', 'Upload', 0)).toBe(true)
    expect(limit.admit('a', 'Upload', 1)).toBe(false)
  })

  test('can be changed for one action, and for all', () => {
    const limit = new RateLimit(10)
    limit.set(0, 'Upload')
    expect(limit.admit('a', 'Upload', 0)).toBe(false)
    expect(limit.admit('a', 'Describe', 0)).toBe(true)
    limit.set(1)
    expect(limit.admit('a', 'Upload', 0)).toBe(true)
    expect(limit.admit('a', 'Upload', 1)).toBe(false)
  })
})

describe('maxInAnySecond', () => {
  test('finds a crowd that straddles full seconds', () => {
    expect(maxInAnySecond([])).toBe(0)
    expect(maxInAnySecond([0, 1000, 2000])).toBe(1)
    expect(maxInAnySecond([900, 950, 1000, 1050, 1899, 1900])).toBe(5)
  })
})

describe('over HTTP', () => {
  test('the eleventh call of a second is refused, and one is admitted when the first is a second old', async () => {
    let elapsed = 5000
    await using simulator = await startSimulator({ credentials: [credentials], elapsed: () => elapsed })
    const code = (action = 'DescribeCertificates') => codeOf(call(simulator.url, action, {}))
    for (let i = 0; i < 10; i += 1) expect(await code()).toBe('Success')
    elapsed = 5999.5
    expect(await code()).toBe('LimitExceeded.RateLimitExceeded')
    expect(await code('UploadCertificate')).toBe('MissingParameter')
    elapsed = 6000
    expect(await code()).toBe('Success')
    expect(simulator.maxInAnySecond('DescribeCertificates')).toBe(11)
  })

  test('twelve calls at once are ten answers', async () => {
    await using simulator = await startSimulator({ credentials: [credentials], elapsed: () => 0 })
    const codes = await Promise.all(
      Array.from({ length: 12 }, () => codeOf(call(simulator.url, 'DescribeCertificates', {}))),
    )
    expect(codes.toSorted()).toEqual([
      ...Array.from({ length: 2 }, () => 'LimitExceeded.RateLimitExceeded'),
      ...Array.from({ length: 10 }, () => 'Success'),
    ])
    expect(simulator.maxInAnySecond('DescribeCertificates')).toBe(12)
  })

  test('a lower limit holds at once, and for as long as it is set', async () => {
    await using simulator = await startSimulator({ credentials: [credentials] })
    const code = () => codeOf(call(simulator.url, 'DescribeCertificates', {}))
    simulator.setRateLimit(0, 'DescribeCertificates')
    expect(await code()).toBe('LimitExceeded.RateLimitExceeded')
    simulator.setRateLimit(10)
    expect(await code()).toBe('Success')
  })
})
