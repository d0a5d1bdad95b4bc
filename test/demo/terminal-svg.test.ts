import { styleText } from 'node:util'
import { expect, test } from 'vitest'
import { terminalSvg } from './terminal-svg.ts'

const frame = { title: 'npm run demo', description: 'A <demo>', columns: 80 }
const texts = (svg: string) =>
  [
    ...svg.matchAll(/<text(?: class="([\w ]+)")? x="([\d.]+)" y="([\d.]+)" textLength[^>]*>(.*?)<\/text>/g),
  ].map(([, style = '', x, y, text]) => ({ style, x: Number(x), y: Number(y), text }))

test('columns of a table begin where the terminal has them, whatever the font', () => {
  const [name, id, lower] = texts(terminalSvg(['shop-rsa      H8ZTrX8K', '              ePzBXovA'], frame))
  expect(name).toMatchObject({ text: 'shop-rsa', x: 20 })
  expect(id).toMatchObject({ text: 'H8ZTrX8K', y: name?.y })
  expect(lower).toMatchObject({ text: 'ePzBXovA', x: id?.x })
  expect(lower?.y).toBeGreaterThan(id?.y ?? 0)
})

test('colours and weight are kept', () => {
  const line = styleText(['bold', 'cyan'], 'kX3v9QzT', { validateStream: false })
  expect(texts(terminalSvg([line], frame))).toMatchObject([{ style: 'bold cyan', text: 'kX3v9QzT' }])
})

test('text is text, never markup', () => {
  const svg = terminalSvg(['<a> & b'], frame)
  expect(svg).toContain('>&lt;a&gt; &amp; b</text>')
  expect(svg).toContain('<title>A &lt;demo&gt;</title>')
})

test('each line adds to the height', () => {
  const height = (lines: string[]) => Number(/ height="(\d+)"/.exec(terminalSvg(lines, frame))?.[1])
  expect(height(['a', 'b', 'c']) - height(['a', 'b'])).toBe(19)
})
