import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aliasProblem, aliasWithSuffix, defaultAlias, renderAlias } from './alias.ts'

const values = { namespace: 'web', name: 'site', domain: 'a.example.com' }

describe('a template', () => {
  it.each([
    [defaultAlias, 'web/site'],
    ['{domain} of {namespace}', 'a.example.com of web'],
    ['{name}{name}', 'sitesite'],
    ['no placeholder', 'no placeholder'],
    ['{ name } and {', '{ name } and {'],
  ])('%s becomes %s', (template, text) => {
    expect(renderAlias(template, values)).toBe(text)
  })

  it('is filled in once: a value that looks like a placeholder stays', () => {
    expect(renderAlias('{domain}', { ...values, domain: '{name}$&' })).toBe('{name}$&')
  })

  it.each(['', '  ', 'a\nb', '{Name}', '{namespace.name}', '{}', 'x'.repeat(501)])(
    '%j has a problem',
    (template) => {
      expect(aliasProblem(template)).toBeTypeOf('string')
    },
  )

  it.each([defaultAlias, '{domain}', 'plain', '网站 {name}', 'x'.repeat(500)])('%s has none', (template) => {
    expect(aliasProblem(template)).toBeUndefined()
  })
})

describe('an alias', () => {
  it('of 64 characters is left as it is', () => {
    expect(renderAlias('x'.repeat(64), values)).toBe('x'.repeat(64))
  })

  it('that is longer is cut to 64 and ends in a hash of the whole', () => {
    const [one, two] = ['1', '2'].map((end) => renderAlias(`${'x'.repeat(80)}${end}`, values))
    expect(one).toHaveLength(64)
    expect(one).toMatch(/^x+-[0-9a-f]{8}$/)
    expect(two).not.toBe(one)
  })

  it('keeps its suffix whatever its length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (alias) => {
        const text = aliasWithSuffix(alias, '0123456789abcdef')
        expect(text.endsWith(' 0123456789abcdef')).toBe(true)
        expect([...text].length).toBeLessThanOrEqual(64)
      }),
    )
  })

  it('never ends in half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
        expect(renderAlias(text, values).isWellFormed()).toBe(text.isWellFormed())
      }),
    )
  })
})
