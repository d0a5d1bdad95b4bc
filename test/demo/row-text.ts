import type { Row } from './board.ts'
import { fitting } from './fitting.ts'
import { cyan, dim, green, red, yellow } from './style.ts'

/** The account held the certificate already, and its id was taken over. */
const adopted = '↺'
/** Characters of a CertificateId. */
const idWidth = 8

/** A duration as the table shows it: `0.34 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 99_500 ? 2 : 0)} s`
}

/** One sign for what is the matter with a Secret. */
export function sign(row: Row): string {
  if (row.toCome) return ''
  if (row.aside !== undefined) return dim('–')
  if (row.waiting) return yellow('○')
  switch (row.phase) {
    case 'Synced':
      return green('✓')
    case 'Rejected':
      return red('✗')
    case 'Failed':
      return red('!')
    default:
      return yellow('…')
  }
}

/** What the signs that are shown mean, and how many Secrets have each; as many signs as there are `columns` for. */
export function countedSigns(rows: readonly Row[], columns: number): string {
  const settled = rows.filter(({ waiting }) => !waiting)
  const ofPhase = (phase: Row['phase']) => settled.filter((row) => row.phase === phase).length
  const signs = [
    { mark: green('✓'), count: ofPhase('Synced'), meaning: 'Synced' },
    { mark: yellow('…'), count: ofPhase('Pending'), meaning: 'Pending' },
    { mark: red('✗'), count: ofPhase('Rejected'), meaning: 'Rejected' },
    { mark: red('!'), count: ofPhase('Failed'), meaning: 'Failed' },
    { mark: yellow('○'), count: rows.length - settled.length, meaning: 'waiting' },
    { mark: dim('–'), count: rows.filter(({ aside }) => aside !== undefined).length, meaning: 'left alone' },
    { mark: dim(adopted), count: settled.filter(isAdopted).length, meaning: 'adopted' },
  ]
  const texts = signs.filter(({ count }) => count > 0).map((it) => `${it.mark} ${it.count} ${it.meaning}`)
  return fitting(texts, '  ', columns)
}

/** The phase in colour; in place of one, why there is none. */
export function phaseText(row: Row): string {
  if (row.aside !== undefined) return dim('–')
  switch (row.phase) {
    case undefined:
      return ''
    case 'Synced':
      return green(row.phase)
    case 'Pending':
      return yellow(row.phase)
    default:
      return red(row.phase)
  }
}

export function reasonText(row: Row): string {
  if (row.aside !== undefined) return dim(row.aside)
  if (row.toCome) return ''
  return row.reason ?? dim('waiting')
}

/** The id; what is new since the beginning of the act stands out, what is about to be replaced steps back. */
export function idText(row: Row): string {
  const { certificateId = '', fresh, waiting } = row
  if (waiting) return dim(certificateId)
  return fresh ? cyan(certificateId) : certificateId
}

/** @param width right-aligned in so many characters */
export function latencyText({ latencyMs, waiting }: Row, width = 0): string {
  if (latencyMs === undefined) return ''
  const text = seconds(latencyMs).padStart(width)
  return waiting ? dim(text) : text
}

/** Everything that a narrow cell has room for: id and latency where there is an id, otherwise the reason. */
export function detailText(row: Row): string {
  if (row.toCome) return ''
  const { certificateId, waiting } = row
  if (certificateId === undefined && !waiting) return reasonText(row)
  const id = certificateId === undefined ? ' '.repeat(idWidth) : idText(row)
  const mark = isAdopted(row) && !waiting ? ` ${adopted}` : ''
  return `${id} ${latencyText(row, 8)}${mark}`
}

function isAdopted({ reason }: Row): boolean {
  return reason === 'CertificateAdopted'
}
