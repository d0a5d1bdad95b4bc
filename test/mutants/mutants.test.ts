import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { mutants } from './mutants.ts'
import { mutate, sourceOf } from './source-copy.ts'

test.each(mutants)('the sabotage "$name" finds its line in $file', (mutant) => {
  const source = sourceOf(mutant)
  expect(mutate(source, mutant)).not.toBe(source)
})

test('every sabotage names tests that exist, and has a name of its own', () => {
  const missing = mutants
    .flatMap((it) => it.tests)
    .filter((file) => !existsSync(fileURLToPath(new URL(`../../${file}`, import.meta.url))))
  expect(missing).toEqual([])
  expect(new Set(mutants.map((it) => it.name)).size).toBe(mutants.length)
})

test('an original that is gone, or there twice, is told', () => {
  const mutant = { name: 'x', file: 'y.ts', original: 'a', mutated: 'b', tests: [] }
  expect(() => mutate('ccc', mutant)).toThrow('x: its original is not found in y.ts')
  expect(() => mutate('a a', mutant)).toThrow('found 2 times')
  expect(mutate('cac', mutant)).toBe('cbc')
})
