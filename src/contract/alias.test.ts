import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  aliasProblem,
  aliasWithSuffix,
  chooseAlias,
  defaultAlias,
  endsLikeCopy,
  renderAlias,
} from './alias.ts'
import { copySuffix } from './ownership.ts'

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

describe('the alias that is sent', () => {
  const copy = copySuffix({ cluster: 'c', namespace: 'web', name: 'site' }, 'SVR:0', false)

  it('is that of the template', () => {
    expect(chooseAlias(' {domain} of {name} ', values)).toEqual({ text: 'a.example.com of site' })
  })

  it('is the default one where the certificate has no name, and says so', () => {
    for (const template of ['{domain}', ' {domain}{domain} ']) {
      const { text, leftOut } = chooseAlias(template, { ...values, domain: '' })
      expect({ text, leftOut }).toEqual({ text: 'web/site', leftOut: expect.stringContaining('no domain') })
    }
    expect(chooseAlias('shop {domain}', { ...values, domain: '' })).toEqual({ text: 'shop' })
  })

  it.each([
    ['plainly', `shop ${copy}`, values],
    ['alone', copy, values],
    ['in capitals', `shop ${copy.toUpperCase()}`, values],
    ['before blanks', `shop ${copy}  `, values],
    ['after another kind of blank', `shop\u00a0${copy}`, values],
    ['after a blank that is not seen', `shop\u200b${copy}`, values],
    ['by the domain', 'shop {domain}', { ...values, domain: copy }],
    ['by a domain with a blank', '{domain}', { ...values, domain: `x ${copy}` }],
    ['by the name', 'shop {name}', { ...values, name: copy }],
    ['in pieces', `shop ${copy.slice(0, 8)}{name}`, { ...values, name: copy.slice(8) }],
  ])('never has the form of a copy that is given %s', (_, template, given) => {
    const { text, leftOut } = chooseAlias(template, given)
    expect(text).toBe(`${given.namespace}/${given.name}`)
    expect(leftOut).toContain('16 hexadecimal digits')
  })

  it('has the form of a copy when the operator made it so, and at no other time', () => {
    const word = fc.constantFrom(' ', copy, copy.slice(0, 7), '{domain}', '{name}', 'x', '-', '\u2003')
    const template = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => words.join(''))
    fc.assert(
      fc.property(fc.oneof(template, fc.string({ unit: 'binary', maxLength: 90 })), word, (text, domain) => {
        const chosen = chooseAlias(text, { ...values, domain })
        expect(endsLikeCopy(chosen.text)).toBe(false)
        expect(endsLikeCopy(aliasWithSuffix(chosen.text, copy))).toBe(true)
      }),
    )
    expect(endsLikeCopy(aliasWithSuffix('', copy).trim())).toBe(true)
  })

  it.each(['build-0123456789abcdef', 'web/0123456789abcdef', 'x 0123456789abcdef0'])('may be %s', (text) => {
    expect(chooseAlias(text, values)).toEqual({ text })
  })
})
