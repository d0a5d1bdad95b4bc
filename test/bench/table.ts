import Table from 'cli-table3'
import { type FigureKey, type Figures, format, judge, targets } from './figures.ts'

/** The figures that were measured as a table for the terminal, with what was aimed at. */
export function renderTable(figures: Figures): string {
  const table = new Table({
    head: ['what', 'key', 'measured', 'target', ''],
    colAligns: ['left', 'left', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  })
  for (const key of Object.keys(targets) as FigureKey[]) {
    const value = figures[key]
    if (value === undefined) continue
    const { what, unit } = targets[key]
    const judged = judge(key, figures)
    table.push([
      what,
      key,
      `${format(value)} ${unit}`.trimEnd(),
      judged ? `${judged.bound} ${unit}`.trimEnd() : '',
      judged ? (judged.met ? 'met' : 'MISSED') : '',
    ])
  }
  return table.toString()
}
