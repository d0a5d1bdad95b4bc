import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { labelSelector } from './label-selector.ts'

describe('label selectors', () => {
  it.each([
    'tier',
    '!legacy',
    'tier=front',
    'tier==front',
    'tier!=back',
    'tier = front',
    'example.com/tier=front',
    'tier=',
    'env in (prod)',
    'env in (prod, staging),tier notin (back),!legacy',
    'a=b,c=d',
    'env in (,prod)',
    `${'a'.repeat(63)}=${'b'.repeat(63)}`,
  ])('takes %s', (text) => {
    expect(labelSelector(text)).toEqual({ value: text })
  })

  it.each([
    '',
    ',',
    'a=b,',
    'a=b,,c=d',
    '=b',
    'a=b=c',
    'a b',
    'a in prod',
    'a in (prod',
    'a in prod)',
    'a in ()x',
    'a in (b,(c))',
    '-a=b',
    'a=b-',
    'a=ü',
    'a=b\0',
    'Example.com/x/y=z',
    'UPPER.com/tier=a',
    '/tier=a',
    'tier/=a',
    `${'a'.repeat(64)}=b`,
    `a=${'b'.repeat(64)}`,
    `${'a.'.repeat(127)}aa/x=y`,
    Array.from({ length: 300 }, (_, index) => `k${index}`).join(','),
  ])('refuses %j', (text) => {
    expect(labelSelector(text)).toHaveProperty('expected')
  })

  it('answers any text, and quickly', () => {
    const pieces = fc.constantFrom(
      'a',
      '(',
      ')',
      ',',
      ' in ',
      'notin',
      '=',
      '!',
      '/',
      '.',
      '-',
      ' ',
      'in',
      '_',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 2_000 }), (parts) => {
        const parsed = labelSelector(parts.join(''))
        expect('value' in parsed || 'expected' in parsed).toBe(true)
      }),
    )
  })
})
