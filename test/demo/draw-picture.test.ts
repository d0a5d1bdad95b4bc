import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { kill } from './act-kill.ts'

test('docs/demo.svg shows the demo as it is; if not: npm run picture', () => {
  const svg = readFileSync(new URL('../../docs/demo.svg', import.meta.url), 'utf8')
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text)
  expect(texts).toContain(kill.title)
  expect(texts).toContain(kill.about)
  expect(texts).toContainEqual(expect.stringMatching(/^All \d+ promises held\.$/))
  expect(texts).not.toContain('broken')
})
