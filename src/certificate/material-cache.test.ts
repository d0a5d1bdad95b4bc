import { inspect } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { createLeaf } from '../../test/fixtures/certificates.ts'
import type { MaterialFacts } from './material.ts'
import { MaterialCache } from './material-cache.ts'
import { readMaterial } from './read-material.ts'

const facts = (inputHash: string): MaterialFacts => ({
  type: 'CA',
  key: 'not-needed',
  sizes: { certificate: 0, chain: 0, key: 0 },
  inputHash,
})

describe('MaterialCache', () => {
  it('reads the same data once, and other data again', () => {
    const cache = new MaterialCache().shareOf('web')
    const read = vi.fn(() => facts('x'))
    const [one, two] = [Buffer.from('1'), Buffer.from('2')]
    cache.of([one, two], read)
    cache.of([Buffer.from('1'), Buffer.from('2')], read)
    expect(read).toHaveBeenCalledTimes(1)
    const others = [
      [two, one],
      [one],
      [one, undefined],
      [one, Buffer.alloc(0)],
      [Buffer.from('12'), undefined],
      [Buffer.from('1'), '2x'],
    ]
    for (const data of others) cache.of(data, read)
    expect(read).toHaveBeenCalledTimes(1 + others.length)
  })

  it('forgets what was not asked for the longest when it is full', () => {
    const cache = new MaterialCache(2).shareOf('web')
    const ask = (name: string) => {
      const read = vi.fn(() => facts(name))
      expect(cache.of([name], read).inputHash).toBe(name)
      return read.mock.calls.length > 0
    }
    expect(['a', 'b', 'a', 'c', 'a', 'b'].map(ask)).toEqual([true, true, false, true, false, true])
  })

  it('takes the room of nobody but the group that holds the most when it is full', () => {
    const cache = new MaterialCache(10)
    const isRead = (group: string, name: string) => {
      const read = vi.fn(() => facts(name))
      expect(cache.shareOf(group).of([name], read).inputHash).toBe(name)
      return read.mock.calls.length > 0
    }
    for (const name of ['a', 'b', 'c']) isRead('web', name)
    isRead('shop', 'a')
    for (let i = 0; i < 1_000; i++) expect(isRead('evil', `${i}`)).toBe(true)
    expect(['a', 'b', 'c'].map((name) => isRead('web', name))).toEqual([false, false, false])
    expect(isRead('shop', 'a')).toBe(false)
    expect(['994', '993'].map((name) => isRead('evil', name))).toEqual([false, true])
    for (let i = 0; i < 20; i++) isRead(`late${i}`, 'a')
    expect(isRead('late19', 'a')).toBe(false)
  })

  it('reads again what threw', () => {
    const cache = new MaterialCache().shareOf('web')
    expect(() =>
      cache.of(['x'], () => {
        throw new Error('broken')
      }),
    ).toThrow('broken')
    expect(cache.of(['x'], () => facts('x')).inputHash).toBe('x')
  })

  it('tells one key from another, and one type from another', async () => {
    const cache = new MaterialCache().shareOf('web')
    const [leaf, other] = [await createLeaf({ commonName: 'a' }), await createLeaf({ commonName: 'b' })]
    const crt = Buffer.from(leaf.certificatePem)
    const keyOf = (key: string | undefined) => {
      const data = {
        'tls.crt': crt,
        'ca.crt': crt,
        'tls.key': key === undefined ? undefined : Buffer.from(key),
      }
      return readMaterial({ type: 'SVR', data }, cache).key
    }
    const keys = [leaf.keyPem, other.keyPem, undefined]
    for (let round = 0; round < 2; round++) {
      expect(keys.map(keyOf)).toEqual(['matches', 'mismatch', 'missing'])
      const ca = readMaterial({ type: 'CA', data: { 'ca.crt': crt } }, cache)
      expect(ca.inputHash).toBe(`CA:${leaf.fingerprint}`)
    }
  })

  it('holds nothing of a key or of PEM', async () => {
    const cache = new MaterialCache().shareOf('web')
    const kept = vi.spyOn(cache, 'of')
    const leaf = await createLeaf({ commonName: 'a.example.com' })
    const data = { 'tls.crt': Buffer.from(leaf.certificatePem), 'tls.key': Buffer.from(leaf.keyPem) }
    readMaterial({ type: 'SVR', data }, cache)
    const result = kept.mock.results[0]?.value as MaterialFacts
    expect(structuredClone(result)).toEqual(result)
    const shown = inspect(result, { depth: null, showHidden: true })
    const lines = (leaf.certificatePem + leaf.keyPem).split('\n').filter((line) => line.length > 16)
    expect(lines.filter((line) => shown.includes(line.slice(0, 16)))).toEqual([])
  })
})
