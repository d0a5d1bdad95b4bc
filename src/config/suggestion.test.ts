import { expect, it } from 'vitest'
import { suggestion } from './suggestion.ts'

const words = ['namespaces', 'label-selector', 'upload-slots', 'upload-budget', 'account']

it.each([
  ['namespace', 'namespaces'],
  ['upload-slot', 'upload-slots'],
  ['lable-selector', 'label-selector'],
  ['acount', 'account'],
])('takes %s for %s', (word, meant) => {
  expect(suggestion(word, words)).toBe(meant)
})

it.each(['', 'x', 'ac', 'verbose', 'upload', 'namespaces-of-the-cluster'])('has nothing for %j', (word) => {
  expect(suggestion(word, words)).toBeUndefined()
})
