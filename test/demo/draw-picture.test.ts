import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { kill } from './act-kill.ts'
import { acts } from './show.ts'

test('docs/demo.svg shows the demo as it is; if not: npm run picture', () => {
  const svg = readFileSync(new URL('../../docs/demo.svg', import.meta.url), 'utf8')
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text)
  expect(texts).toContain(kill.title)
  expect(texts).toContain(kill.about)
  const count = acts.reduce((sum, { promises }) => sum + promises, 0)
  expect(texts).toContain(`All ${count} promises held.`)
  expect(texts).not.toContain('broken')
})
