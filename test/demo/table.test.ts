import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { Row } from './board.ts'
import { drawPicture } from './picture.ts'
import { countedSigns } from './row-text.ts'
import { renderTable, type Size } from './table.ts'

const synced: Row = {
  name: 'shop',
  about: 'RSA 2048',
  phase: 'Synced',
  reason: 'CertificateUploaded',
  certificateId: 'AbCd1234',
  latencyMs: 12_345,
  fresh: true,
  toCome: false,
  waiting: false,
}
const { certificateId: _id, ...withoutId } = synced
const rejected: Row = {
  ...withoutId,
  name: 'wrong-key',
  phase: 'Rejected',
  reason: 'KeyMismatch',
  fresh: false,
}
const waiting: Row = { ...synced, name: 'renewed', fresh: false, waiting: true }
const aside: Row = {
  name: 'stranger',
  about: '',
  aside: 'not opted in',
  fresh: false,
  toCome: false,
  waiting: false,
}
const toCome: Row = { name: 'later', about: 'to come', fresh: false, toCome: true, waiting: false }

/** As many as the demo has, with the longest texts there are. */
const crowd: Row[] = Array.from({ length: 34 }, (_, index) => ({
  ...synced,
  name: `secret-${index}-long`,
  about: 'a description that is longer than its column',
  reason: 'UploadBudgetExceeded',
}))

function table(rows: readonly Row[], columns: number, lines: number): string[] {
  return renderTable(rows, { columns, rows: lines }).map(stripVTControlCharacters)
}

const sizes: Size[] = [
  { columns: 79, rows: 23 },
  { columns: 79, rows: 50 },
  { columns: 119, rows: 29 },
  { columns: 239, rows: 66 },
  { columns: 60, rows: 15 },
  { columns: 30, rows: 9 },
]
for (const size of sizes) {
  test(`fits ${size.columns} columns and ${size.rows} lines`, () => {
    const rows = [...crowd.slice(4), rejected, waiting, aside, toCome]

    const lines = drawPicture({ rows, operator: 'operator 1', uploads: 99, maxInAnySecond: 10 }, size)

    expect(lines.length).toBeLessThanOrEqual(size.rows)
    for (const line of lines) expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(size.columns)
  })
}

test('shows all 34 Secrets in a terminal of 80 by 24, with ids and latencies', () => {
  const text = table(crowd, 79, 18).join('\n')

  for (const { name } of crowd) expect(text).toContain(name.slice(0, 11))
  expect(text.match(/AbCd1234 {2}12\.3\d s/g)).toHaveLength(34)
})

test('with room for a line each, says phase, reason, id and latency', () => {
  const [titles, ...lines] = table([synced, rejected], 79, 10)

  expect(titles).toMatch(/SECRET +PHASE +REASON +CERTIFICATE-ID +LATENCY/)
  expect(lines[0]).toMatch(/✓ shop +Synced +CertificateUploaded +AbCd1234 +12.3\d s/)
  expect(lines[1]).toMatch(/✗ wrong-key +Rejected KeyMismatch +12.3\d s/)
})

test('in a wide terminal, says what each Secret is', () => {
  expect(table([synced], 119, 10).join('\n')).toMatch(/shop +RSA 2048 +Synced/)
})

test('in a narrow cell, shows the reason where there is no id', () => {
  const lines = table([...crowd.slice(3), synced, rejected, aside], 79, 18)

  expect(lines.join('\n')).toMatch(/✗ wrong-key +KeyMismatch/)
  expect(lines.join('\n')).toMatch(/– stranger +not opted in/)
})

test('leaves the least interesting out where room is short, and counts them', () => {
  const old = crowd.map((row) => ({ ...row, fresh: false }))
  const lines = table([...old, waiting, toCome, rejected], 38, 5)

  expect(lines.join('\n')).toMatch(/○ renewed/)
  expect(lines.join('\n')).toMatch(/✗ wrong-key/)
  expect(lines.at(-1)).toBe('… and 34 more')
})

test('a latency that still runs and an id about to be replaced are shown', () => {
  expect(table([waiting], 79, 10)[1]).toMatch(/○ renewed .*AbCd1234 +12.3\d s/)
})

test('what is to come has a name and nothing else', () => {
  expect(table([toCome], 79, 10)[1]?.trim()).toBe('later')
})

test('the signs are counted, the absent ones not mentioned, and the rest left out where room is short', () => {
  const rows = [synced, synced, rejected, waiting, aside]

  expect(stripVTControlCharacters(countedSigns(rows, 79))).toBe(
    '✓ 2 Synced  ✗ 1 Rejected  ○ 1 waiting  – 1 left alone',
  )
  expect(stripVTControlCharacters(countedSigns(rows, 30))).toBe('✓ 2 Synced  ✗ 1 Rejected')
})
