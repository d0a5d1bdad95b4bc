import { describe, expect, test } from 'vitest'
import { Faults } from './faults.ts'

const upload = { action: 'UploadCertificate', alias: 'team-a/shop', leafFingerprint: 'aa' }

describe('scope', () => {
  test.each([
    [{}, true],
    [{ action: 'UploadCertificate' }, true],
    [{ action: 'DescribeCertificates' }, false],
    [{ alias: 'team-a/' }, true],
    [{ alias: 'team-b/' }, false],
    [{ leafFingerprint: 'aa' }, true],
    [{ leafFingerprint: 'bb' }, false],
    [{ tag: { key: 'cert-sync/secret' } }, true],
    [{ tag: { key: 'cert-sync/secret', value: 'team-a/shop' } }, true],
    [{ tag: { key: 'cert-sync/secret', value: 'team-b/shop' } }, false],
    [{ tag: { key: 'other' } }, false],
    [{ action: 'UploadCertificate', alias: 'team-b/' }, false],
  ])('%j strikes the call: %s', (scope, strikes) => {
    const faults = new Faults()
    const handle = faults.add({ kind: 'reset', ...scope })
    const target = { ...upload, tags: [{ TagKey: 'cert-sync/secret', TagValue: 'team-a/shop' }] }
    expect(faults.take('reset', target) !== undefined).toBe(strikes)
    expect(handle.hits).toBe(strikes ? 1 : 0)
  })

  test('a call without alias, tags or certificate is not struck by a fault that asks for them', () => {
    const faults = new Faults()
    for (const scope of [{ alias: '' }, { leafFingerprint: 'aa' }, { tag: { key: 'a' } }]) {
      faults.add({ kind: 'reset', ...scope })
    }
    expect(faults.take('reset', { action: 'UploadCertificate' })).toBeUndefined()
  })
})

describe('counting', () => {
  test('skips the first matching ones, strikes so often, then no more; others do not count', () => {
    const faults = new Faults()
    const handle = faults.add({ kind: 'error', code: 'InternalError', alias: 'shop', skip: 2, times: 2 })
    const strikes = () => faults.take('error', upload)?.code
    faults.take('error', { ...upload, alias: 'other' })
    expect([strikes(), strikes(), strikes(), strikes(), strikes()]).toEqual([
      undefined,
      undefined,
      'InternalError',
      'InternalError',
      undefined,
    ])
    expect(handle.hits).toBe(2)
  })

  test('where two match, the older strikes until it is used up', () => {
    const faults = new Faults()
    faults.add({ kind: 'error', code: 'First', times: 1 })
    faults.add({ kind: 'error', code: 'Second' })
    expect([faults.take('error', upload)?.code, faults.take('error', upload)?.code]).toEqual([
      'First',
      'Second',
    ])
  })

  test('a kill strikes once', () => {
    const faults = new Faults()
    faults.add({ kind: 'kill', pid: 12345 })
    expect(faults.take('kill', upload)).toBeDefined()
    expect(faults.take('kill', upload)).toBeUndefined()
  })
})

describe('at random', () => {
  const strikesOf = (faults: Faults, count: number) =>
    Array.from({ length: count }, () => faults.take('error', upload) !== undefined)
  const drawn = (probability: number, seed?: number) => {
    const faults = new Faults()
    faults.add({ kind: 'error', code: 'X', probability, ...(seed !== undefined && { seed }) })
    return strikesOf(faults, 3_000)
  }

  test('strikes as often as is asked for, in an order that the seed decides', () => {
    const struck = drawn(2 / 3).filter((it) => it).length
    expect(Math.abs(struck - 2_000)).toBeLessThan(100)
    expect(drawn(2 / 3, 7)).toEqual(drawn(2 / 3, 7))
    expect(drawn(2 / 3, 7)).not.toEqual(drawn(2 / 3, 8))
    expect(drawn(0)).not.toContain(true)
    expect(drawn(1)).not.toContain(false)
  })

  test('counts where it struck, and where it is to skip', () => {
    const faults = new Faults()
    const handle = faults.add({ kind: 'error', code: 'X', probability: 0.5, skip: 10, times: 20 })
    const strikes = strikesOf(faults, 1_000)
    expect(strikes.slice(0, 10)).not.toContain(true)
    expect(strikes.filter((it) => it)).toHaveLength(20)
    expect(handle.hits).toBe(20)
  })
})

describe('removing', () => {
  test('takes one away, or all of them', () => {
    const faults = new Faults()
    const handle = faults.add({ kind: 'reset' })
    faults.add({ kind: 'lose-response' })
    handle.remove()
    expect(faults.list().map((each) => each.fault.kind)).toEqual(['lose-response'])
    expect(faults.remove(handle.id)).toBe(false)
    faults.clear()
    expect(faults.list()).toEqual([])
    expect(faults.take('lose-response', upload)).toBeUndefined()
  })

  test('lets go of the calls that are held', async () => {
    const faults = new Faults()
    const handle = faults.add({ kind: 'hold', at: 'before-work' })
    const held = Promise.all([faults.hold('before-work', upload), faults.hold('before-work', upload)])
    await faults.hold('before-answer', upload)
    expect(handle.holding).toBe(2)
    handle.remove()
    await held
    expect(handle.holding).toBe(0)
  })
})
