import { expect, test } from 'vitest'
import { acts } from './show.ts'

test('the titles of the acts and what they are about fit 80 columns', () => {
  for (const { title, about } of acts) {
    expect(title.length).toBeLessThanOrEqual(76)
    expect(about.length).toBeLessThanOrEqual(76)
  }
})
