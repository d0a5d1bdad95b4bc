import { describe, expect, it } from 'vitest'
import { OwnWrites } from './own-writes.ts'

describe("the operator's own writes", () => {
  it('are recognised by key and resourceVersion', () => {
    const echoes = new OwnWrites()
    echoes.wrote('web/site', '7')
    expect(echoes.isOwn('web/site', '7')).toBe(true)
    expect(echoes.isOwn('web/site', '8')).toBe(false)
    expect(echoes.isOwn('web/other', '7')).toBe(false)
  })

  it('are recognised however often they come back, the last few of them', () => {
    const echoes = new OwnWrites()
    for (const version of ['1', '2', '3', '4', '5']) echoes.wrote('web/site', version)
    expect(['1', '2', '3', '4', '5'].map((it) => echoes.isOwn('web/site', it))).toEqual([
      false,
      true,
      true,
      true,
      true,
    ])
    expect(echoes.isOwn('web/site', '5')).toBe(true)
  })

  it('are forgotten with the Secret', () => {
    const echoes = new OwnWrites()
    echoes.wrote('web/site', '7')
    echoes.forget('web/site')
    expect(echoes.isOwn('web/site', '7')).toBe(false)
  })
})
