import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { outlineOf } from './markdown.ts'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
/** Each names the other one at its top. */
const withoutSwitch = (links: readonly string[]) =>
  links.filter((link) => !/^README(\.zh-CN)?\.md$/.test(link))

describe('README.zh-CN.md is in step with README.md', () => {
  const [original, translation] = [outlineOf(read('README.md')), outlineOf(read('README.zh-CN.md'))]

  test('the same headings, at the same levels', () => {
    expect(original.headings.length).toBeGreaterThan(5)
    expect(translation.headings).toEqual(original.headings)
  })

  test('the same commands and examples, character by character', () => {
    expect(original.blocks.length).toBeGreaterThan(5)
    expect(translation.blocks).toEqual(original.blocks)
  })

  test('the same tables, row by row', () => {
    expect(original.tables.length).toBeGreaterThan(1)
    expect(translation.tables).toEqual(original.tables)
  })

  test('the same names in the text, the same links, as many points', () => {
    expect(translation.code).toEqual(original.code)
    expect(withoutSwitch(translation.links)).toEqual(withoutSwitch(original.links))
    expect(translation.items).toBe(original.items)
  })

  test('each links to the other', () => {
    expect(original.links).toContain('README.zh-CN.md')
    expect(translation.links).toContain('README.md')
  })
})

describe('what a translation may not lose', () => {
  const text =
    '# A\n\nSay `x` to [y](z.md).\n\n- one\n\n```sh\nrun\n```\n\n| `k` | v |\n| --- | --- |\n| [a](b.md) | c |\n'

  test.each([
    ['a heading', text.replace('# A', '## A'), 'headings'],
    ['a command', text.replace('run', 'walk'), 'blocks'],
    ['a row', text.replace('| [a](b.md) | c |\n', ''), 'tables'],
    ['a name in a first column', text.replace('`k`', '`l`'), 'tables'],
    ['a cell', text.replace('| c |', '| c | d |'), 'tables'],
    ['a name in the text', text.replace('`x`', 'x'), 'code'],
    ['a link', text.replace('z.md', 'w.md'), 'links'],
    ['a point', text.replace('- one', 'one'), 'items'],
  ] as const)('%s is noticed', (_, changed, part) => {
    expect(outlineOf(changed)[part]).not.toEqual(outlineOf(text)[part])
  })

  test('words may change', () => {
    expect(outlineOf(text.replace('# A', '# 甲').replace('Say', '说'))).toEqual(outlineOf(text))
  })
})
