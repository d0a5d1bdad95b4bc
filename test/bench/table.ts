import Table from 'cli-table3'
import { type FigureKey, type Figures, format, judge, type NotMeasured, targets } from './figures.ts'

/** The figures that were measured, and those that could not be, as a table for the terminal, with what was aimed at. */
export function renderTable(figures: Figures, notMeasured: NotMeasured = {}): string {
  const table = new Table({
    head: ['what', 'key', 'measured', 'target', ''],
    colAligns: ['left', 'left', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  })
  for (const key of Object.keys(targets) as FigureKey[]) {
    const value = figures[key]
    const { what, unit } = targets[key]
    if (value === undefined) {
      const reason = notMeasured[key]
      if (reason !== undefined) table.push([what, key, 'not measured', '', reason])
      continue
    }
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
