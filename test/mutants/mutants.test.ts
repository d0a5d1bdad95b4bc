import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Mutant } from './mutant.ts'
import { mutants } from './mutants.ts'
import { mutate } from './mutate.ts'
import { sourceOf } from './source-copy.ts'

test.each(mutants)('the sabotage "$name" finds its place in $within of $file', (mutant) => {
  const source = sourceOf(mutant)
  expect(mutate(source, mutant)).not.toBe(source)
})

test.each(mutants)('the sabotage "$name" uses no private name that $file lacks', (mutant) => {
  const source = sourceOf(mutant)
  expect((mutant.mutated.match(/#\w+/g) ?? []).filter((name) => !source.includes(name))).toEqual([])
})

test('every sabotage names tests that exist, and has a name of its own', () => {
  const missing = mutants
    .flatMap((it) => it.tests)
    .filter((file) => !existsSync(fileURLToPath(new URL(`../../${file}`, import.meta.url))))
  expect(missing).toEqual([])
  expect(new Set(mutants.map((it) => it.name)).size).toBe(mutants.length)
})

const source = `
function first(a: number): number {
  return add(
    a,
    1,
  )
}

class Sum {
  readonly #text: string = "}"
  get #total(): number { return add(1, 2) }
  second(): string { return '}' + add(1, 2) + '{' }
}
`

function sabotage(within: string, original: string): Mutant {
  return { name: 'x', file: 'y.ts', within, original, mutated: '0', tests: [] }
}

test.each([
  ['first', 'add( a, 1, )', 'return 0\n}'],
  ['Sum.#total', 'add(1, 2)', 'number { return 0 }'],
  ['Sum.second', 'add(1, 2)', "'}' + 0 + '{'"],
  ['Sum.#text', '"}"', '#text: string = 0'],
])('a sabotage of %s changes nothing else, wherever lines break', (within, original, changed) => {
  const result = mutate(source, sabotage(within, original))
  expect(result).toContain(changed)
  expect(result.match(/add\(/g)?.length ?? 0).toBe(within === 'Sum.#text' ? 3 : 2)
})

test.each([
  ['third', 'a', 'third is not found in y.ts'],
  ['first', 'add(1, 2)', 'its original in first is not found in y.ts'],
  ['Sum', 'add(1, 2)', 'its original in Sum is found 2 times'],
])('a function or an original that is gone, or there twice, is an error', (within, original, words) => {
  expect(() => mutate(source, sabotage(within, original))).toThrow(words)
})
