import type { Row } from './board.ts'
import { fitting } from './fitting.ts'
import { countedSigns } from './row-text.ts'
import { bold } from './style.ts'
import { renderTable, type Size } from './table.ts'

/** What the picture of an act shows. */
export interface Picture {
  readonly rows: readonly Row[]
  /** What the operator is doing. */
  readonly operator: string
  /** How many UploadCertificate calls have arrived. */
  readonly uploads: number
  readonly maxInAnySecond: number
}

/** Lines that stay visible above the picture: the title of the act and what it is about. */
const headroom = 2
/** Below the table. */
const footer = 3

/** The table of the Secrets, and below it what is going on and what the signs mean. */
export function drawPicture(picture: Picture, size: Size): string[] {
  const { rows, operator, uploads, maxInAnySecond } = picture
  const table = renderTable(rows, { ...size, rows: Math.max(2, size.rows - headroom - footer) })
  const going = [bold(operator), `${uploads} uploads, max. ${maxInAnySecond}/s`]
  return [...table, '', fitting(going, '   ', size.columns), countedSigns(rows, size.columns)]
}
