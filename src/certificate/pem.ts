// A reader of our own: node:crypto reads the first block of a bundle only, and says nothing of what is damaged.

/** One block between `-----BEGIN label-----` and `-----END label-----`. */
export interface PemBlock {
  readonly label: string
  /** RFC 1421 headers such as `Proc-Type: 4,ENCRYPTED`, as `name: value`. */
  readonly headers: readonly string[]
  readonly bytes: Buffer
}

/** A block that is damaged. */
export interface PemProblem {
  readonly kind: 'no-begin' | 'no-end' | 'not-base64' | 'empty'
  readonly label: string
  /** Where the block's first remaining marker stands; lines count from 1. */
  readonly line: number
}

export interface PemDocument {
  readonly blocks: readonly PemBlock[]
  readonly problems: readonly PemProblem[]
  /** There is more than was read: see maximumBlocks. */
  readonly cut: boolean
}

/** So many blocks and problems are read, and nothing after them. No chain and no bundle has as many. */
export const maximumBlocks = 2_000

const marker = /-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----/g
const columns = 64

/**
 * Finds the PEM blocks in any bytes, as lenient as RFC 7468 allows: CRLF, blanks, a byte order mark, text and bag
 * attributes around the blocks, and an END and a BEGIN on one line (files joined without a newline). Never throws;
 * takes time and memory proportional to the input, some 20 ms for 1 MiB.
 */
export function readPem(input: string | Uint8Array): PemDocument {
  const text = latin1(input)
  const blocks: PemBlock[] = []
  const problems: PemProblem[] = []
  const lines = new LineCounter(text)
  let open: { label: string; line: number; bodyStart: number } | undefined
  let previousEnd = 0

  for (const match of text.matchAll(marker)) {
    const label = (match[2] ?? '').trim()
    const end = match.index + match[0].length
    if (blocks.length + problems.length >= maximumBlocks) return { blocks, problems, cut: true }
    const opensLine = startsLine(text, match.index, previousEnd)
    previousEnd = end
    // A marker in the middle of a line is prose, unless it ends what is open.
    if (open === undefined && !opensLine) continue
    const line = lines.at(match.index)
    if (match[1] === 'BEGIN') {
      if (open !== undefined) problems.push({ kind: 'no-end', label: open.label, line: open.line })
      open = { label, line, bodyStart: end }
    } else if (open === undefined) {
      problems.push({ kind: 'no-begin', label, line })
    } else {
      const body = open.label === label ? readBody(text.slice(open.bodyStart, match.index)) : 'no-end'
      if (typeof body === 'string') problems.push({ kind: body, label: open.label, line: open.line })
      else blocks.push({ label, ...body })
      open = undefined
    }
  }
  if (open !== undefined) problems.push({ kind: 'no-end', label: open.label, line: open.line })
  return { blocks, problems, cut: false }
}

/** One block: LF, 64 columns, no newline at the end. */
export function writePem(label: string, bytes: Uint8Array): string {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  const lines = [`-----BEGIN ${label}-----`]
  for (let at = 0; at < base64.length; at += columns) lines.push(base64.slice(at, at + columns))
  lines.push(`-----END ${label}-----`)
  return lines.join('\n')
}

/** The length in bytes of what `writePem` gives for so many bytes. */
export function pemSize(label: string, byteLength: number): number {
  const base64 = Math.ceil(byteLength / 3) * 4
  return '-----BEGIN -----\n-----END -----'.length + 2 * label.length + base64 + Math.ceil(base64 / columns)
}

/** Byte for character, so that invalid UTF-8 is just other characters. */
function latin1(input: string | Uint8Array): string {
  const bytes =
    typeof input === 'string'
      ? Buffer.from(input)
      : Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  return bytes.toString('latin1')
}

/** Whether only blanks or a byte order mark stand before `index`, back to the line's start or the marker before. */
function startsLine(text: string, index: number, previousEnd: number): boolean {
  let at = index
  while (at > previousEnd && ' \t\v\f\u00ef\u00bb\u00bf'.includes(text.charAt(at - 1))) at--
  return at === previousEnd || text[at - 1] === '\n' || text[at - 1] === '\r'
}

const header = /\s*([A-Za-z][A-Za-z0-9-]*:[^\r\n]*)/y
const maximumHeaders = 32

function readBody(body: string): Omit<PemBlock, 'label'> | 'not-base64' | 'empty' {
  const headers: string[] = []
  let start = 0
  if (body.includes(':')) {
    header.lastIndex = 0
    for (let match = header.exec(body); match !== null; match = header.exec(body)) {
      if (headers.length >= maximumHeaders) return 'not-base64'
      headers.push((match[1] ?? '').trim())
      start = header.lastIndex
    }
  }
  const base64 = body.slice(start)
  const length = base64Length(base64)
  if (length === 0) return 'empty'
  // Missing padding loses nothing, but one character left over is a cut.
  if (length === undefined || length % 4 === 1) return 'not-base64'
  return { headers, bytes: Buffer.from(base64, 'base64') }
}

const alphabet = /^[A-Za-z0-9+/\s]*(?:=\s*){0,2}$/

/** How many characters of base64 there are, blanks and padding apart, or undefined when there are others. */
function base64Length(text: string): number | undefined {
  if (!alphabet.test(text)) return undefined
  let length = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    // Digits, letters, "+" and "/"; of the alphabet only blanks and "=" remain.
    if (code >= 0x2b && code < 0x7f && code !== 0x3d) length++
  }
  return length === 0 && text.includes('=') ? undefined : length
}

/** Line numbers of growing positions; every newline is searched for once. */
class LineCounter {
  readonly #text: string
  #line = 1
  #newline: number

  constructor(text: string) {
    this.#text = text
    this.#newline = text.indexOf('\n')
  }

  at(index: number): number {
    while (this.#newline !== -1 && this.#newline < index) {
      this.#line++
      this.#newline = this.#text.indexOf('\n', this.#newline + 1)
    }
    return this.#line
  }
}
