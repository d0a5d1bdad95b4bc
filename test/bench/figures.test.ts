import { expect, test } from 'vitest'
import { judge } from './figures.ts'
import { renderTable } from './table.ts'

test('a figure is judged by its bound, also where the bound is another figure', () => {
  const figures = { capRatio: 0.94, rejected: 0, peakRssMiB: 100, peakRssAmong20kMiB: 111 }
  expect(judge('capRatio', figures)).toEqual({ bound: '≥ 0.950', met: false })
  expect(judge('rejected', figures)).toEqual({ bound: '≤ 0', met: true })
  expect(judge('peakRssAmong20kMiB', figures)).toEqual({ bound: '≤ 110', met: false })
  expect(judge('peakRssAmong20kMiB', { peakRssAmong20kMiB: 111 })).toBeUndefined()
  expect(judge('urgentMs', figures)).toBeUndefined()
})

test('the table shows what was measured, and nothing else', () => {
  const table = renderTable({ capRatio: 0.97, urgentMs: 2_345.6 })
  expect(table).toMatch(/capRatio .* 0\.970 .* ≥ 0\.950 .* met/)
  expect(table).toMatch(/urgentMs .* 2,346 ms .* ≤ 1,000 ms .* MISSED/)
  expect(table).not.toContain('rejected')
})

test('the table says of what could not be measured that it was not, and why', () => {
  const table = renderTable({ capRatio: 0.97 }, { imageMiB: 'there is no Docker' })
  expect(table).toMatch(/imageMiB .* not measured .* there is no Docker/)
  expect(table).not.toContain('imageStartMs')
})
