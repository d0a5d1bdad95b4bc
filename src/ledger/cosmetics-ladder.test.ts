import { beforeEach, describe, expect, it } from 'vitest'
import { below, CosmeticsLadder, lower, type Rung } from './cosmetics-ladder.ts'

const tenMinutes = 600_000

let ladder: CosmeticsLadder

beforeEach(() => {
  ladder = new CosmeticsLadder()
})

function succeeded(key: string, sent: Rung, afterRefusal = true, now = 0): void {
  ladder.succeeded({ key, group: key.slice(0, key.indexOf('/')) }, { sent, afterRefusal }, now)
}

describe('what an account refuses', () => {
  it('is proven by three Secrets of two namespaces', () => {
    succeeded('web/a', 'ChainTag')
    succeeded('web/b', 'ChainTag')
    succeeded('web/c', 'ChainTag')
    expect(ladder.accountAt(0)).toBe('Nothing')
    succeeded('shop/d', 'ChainTag')
    expect(ladder.accountAt(0)).toBe('ChainTag')
    expect(ladder.refused).toBe('ChainTag')
  })

  it('is not proven by one Secret that does so again and again', () => {
    for (let i = 0; i < 10; i += 1) succeeded('web/a', 'Everything')
    succeeded('shop/b', 'Everything')
    expect(ladder.refused).toBe('Nothing')
  })

  it('is not proven by Secrets that are gone, or opted out', () => {
    for (const key of ['web/a', 'web/b']) succeeded(key, 'ChainTag')
    ladder.forget('web/a')
    succeeded('shop/c', 'ChainTag')
    expect(ladder.refused).toBe('Nothing')
    succeeded('shop/d', 'ChainTag')
    expect(ladder.refused).toBe('ChainTag')
  })

  it('keeps no more than three Secrets of a namespace in mind', () => {
    for (let i = 0; i < 100; i += 1) succeeded(`web/${i}`, 'ChainTag')
    for (let i = 0; i < 3; i += 1) ladder.forget(`web/${i}`)
    succeeded('shop/a', 'ChainTag')
    expect(ladder.refused).toBe('Nothing')
  })

  it('is not proven where more was not refused before, nor are settings ever', () => {
    for (const key of ['web/a', 'web/b', 'shop/c']) {
      succeeded(key, 'Everything', false)
      succeeded(key, 'Settings')
    }
    expect(ladder.accountAt(0)).toBe('Nothing')
  })

  it('is tried again every ten minutes by one upload', () => {
    for (const key of ['web/a', 'web/b', 'shop/c']) succeeded(key, 'Everything')
    expect(ladder.accountAt(tenMinutes - 1)).toBe('Everything')
    expect(ladder.accountAt(tenMinutes)).toBe('ChainTag')
    ladder.begins('ChainTag', tenMinutes)
    expect(ladder.accountAt(tenMinutes)).toBe('Everything')
    expect(ladder.accountAt(2 * tenMinutes)).toBe('ChainTag')
  })

  it('is less where an upload with more succeeded', () => {
    for (const key of ['web/a', 'web/b', 'shop/c']) succeeded(key, 'Everything')
    succeeded('web/a', 'ChainTag', false, tenMinutes)
    expect(ladder.accountAt(tenMinutes)).not.toBe('Everything')
    expect(ladder.refused).toBe('ChainTag')
    succeeded('web/a', 'Settings', false, tenMinutes)
    expect(ladder.accountAt(tenMinutes)).toBe('Nothing')
  })
})

describe('rungs', () => {
  it('go down one by one, to the end', () => {
    expect(below('Nothing')).toBe('Settings')
    expect(below('Settings')).toBe('ChainTag')
    expect(below('ChainTag')).toBe('Everything')
    expect(below('Everything')).toBeUndefined()
  })

  it('are compared', () => {
    expect(lower('Nothing', 'ChainTag')).toBe('ChainTag')
    expect(lower('Everything', 'Settings')).toBe('Everything')
    expect(lower('Settings', 'Settings')).toBe('Settings')
  })
})
