import CliTable from 'cli-table3'
import type { Row } from './board.ts'
import { borderless, plainStyle } from './borderless.ts'
import { detailText, idText, latencyText, phaseText, reasonText, sign } from './row-text.ts'
import { dim } from './style.ts'

/** Room for text, in characters and lines. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

interface Column {
  readonly title: string
  readonly width: number
  readonly align?: 'left' | 'right'
  text(row: Row): string
}

const signColumn: Column = { title: '', width: 1, text: sign }
const name: Column = { title: 'SECRET', width: 12, text: (row) => (row.toCome ? dim(row.name) : row.name) }
const about: Column = { title: 'WHAT IT IS', width: 27, text: (row) => row.about }
const outcome: readonly Column[] = [
  { title: 'PHASE', width: 8, text: phaseText },
  { title: 'REASON', width: 21, text: reasonText },
  { title: 'CERTIFICATE-ID', width: 14, text: idText },
  { title: 'LATENCY', width: 7, align: 'right', text: (row) => latencyText(row) },
]
const full: readonly Column[] = [signColumn, name, ...outcome]
const explained: readonly Column[] = [signColumn, name, about, ...outcome]
const compact: readonly Column[] = [
  signColumn,
  name,
  { title: 'ID, LATENCY OR REASON', width: 22, text: detailText },
]

interface Layout {
  readonly columns: readonly Column[]
  /** How many Secrets stand side by side. */
  readonly abreast: number
}

/** From the most telling to the most frugal. */
const layouts: readonly Layout[] = [
  { columns: explained, abreast: 1 },
  { columns: full, abreast: 1 },
  { columns: explained, abreast: 2 },
  { columns: full, abreast: 2 },
  { columns: compact, abreast: 2 },
  { columns: compact, abreast: 3 },
  { columns: compact, abreast: 4 },
]
const gap = 1
const gapAbreast = 3

/**
 * The Secrets as a table that fits into `size`: as much of each as there is room for, side by side where lines are
 * scarce. Where not even that is enough, the ones that are of least interest are left out and counted.
 *
 * @returns lines, the first with the titles
 */
export function renderTable(rows: readonly Row[], size: Size): string[] {
  const fits = ({ columns, abreast }: Layout) => widthOf(columns, abreast) <= size.columns
  const roomy = layouts.find((it) => fits(it) && linesOf(rows.length, it.abreast) <= size.rows)
  if (roomy !== undefined) return draw(rows, roomy, size)
  const frugal = layouts.findLast(fits) ?? { columns: compact, abreast: 1 }
  // A line for the titles and one for those left out.
  const room = Math.max(0, size.rows - 2) * frugal.abreast
  const shown = mostInteresting(rows, room)
  return [...draw(shown, frugal, size), dim(`… and ${rows.length - shown.length} more`)]
}

function linesOf(count: number, abreast: number): number {
  return 1 + Math.ceil(count / abreast)
}

function widthOf(columns: readonly Column[], abreast: number): number {
  const one = columns.reduce((sum, { width }) => sum + width, gap * (columns.length - 1))
  return one * abreast + gapAbreast * (abreast - 1)
}

/** In their own order: what is being waited for, then what changed in this act, then what is not synced. */
function mostInteresting(rows: readonly Row[], count: number): Row[] {
  const interest = (row: Row) => {
    if (row.waiting) return 4
    if (row.fresh) return 3
    if (row.toCome) return 0
    return row.phase === 'Synced' ? 1 : 2
  }
  const chosen = new Set([...rows].sort((a, b) => interest(b) - interest(a)).slice(0, count))
  return rows.filter((row) => chosen.has(row))
}

function draw(rows: readonly Row[], { columns, abreast }: Layout, size: Size): string[] {
  const height = Math.ceil(rows.length / abreast)
  const strips = Array.from({ length: abreast }, (_, index) =>
    rows.slice(index * height, (index + 1) * height),
  )
  const spaced = Array.from({ length: abreast }, () => columns).flatMap((strip, index) =>
    index === 0 ? strip : [{ title: '', width: gapAbreast - 2 * gap, text: () => '' }, ...strip],
  )
  const table = new CliTable({
    head: spaced.map(({ title }) => dim(title)),
    colWidths: squeezed(spaced, size.columns),
    colAligns: spaced.map(({ align = 'left' }) => align),
    chars: borderless(' '.repeat(gap)),
    style: plainStyle,
  })
  for (let line = 0; line < height; line++) {
    const cells = strips.flatMap((strip, index) => {
      const row = strip[line]
      const texts = columns.map((column) => (row === undefined ? '' : column.text(row)))
      return index === 0 ? texts : ['', ...texts]
    })
    table.push(cells)
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
}

/** Where the terminal is narrower than anything we have, the last column gives way. */
function squeezed(columns: readonly Column[], room: number): number[] {
  const widths = columns.map(({ width }) => width)
  const excess = widths.reduce((sum, width) => sum + width, gap * (widths.length - 1)) - room
  const last = widths.pop() ?? 0
  return [...widths, Math.max(1, last - Math.max(0, excess))]
}
