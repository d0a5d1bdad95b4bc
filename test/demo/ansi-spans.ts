/** The colours that the demo paints with. */
export type Colour = 'red' | 'green' | 'yellow' | 'cyan'

/** A stretch of a line in one style. */
export interface Span {
  readonly text: string
  /** Column of its first character, from 0. */
  readonly column: number
  readonly colour?: Colour
  readonly bold?: boolean
  readonly dim?: boolean
}

type Style = Omit<Span, 'text' | 'column'>

const controlCharacter = String.fromCharCode(27)
const sequence = new RegExp(`${controlCharacter}\\[([\\d;]*)m`)
const colours: Readonly<Record<string, Colour>> = { 31: 'red', 32: 'green', 33: 'yellow', 36: 'cyan' }

/**
 * Reads a line of terminal text with SGR sequences, as `util.styleText` writes them.
 *
 * @throws Error for a sequence that is not known: a picture must not lose a colour silently
 */
export function readSpans(line: string): Span[] {
  const spans: Span[] = []
  let style: Style = {}
  let column = 0
  // An odd number of parts: text, code, text, code, ..., text.
  for (const [index, part] of line.split(sequence).entries()) {
    if (index % 2 === 1) {
      for (const code of part.split(';')) style = applied(code, style)
    } else if (part !== '') {
      spans.push({ text: part, column, ...style })
      column += [...part].length
    }
  }
  return spans
}

function applied(code: string, style: Style): Style {
  const { colour: _colour, ...uncoloured } = style
  const { bold: _bold, dim: _dim, ...normal } = style
  const colour = colours[code]
  if (colour !== undefined) return { ...style, colour }
  switch (code) {
    case '':
    case '0':
      return {}
    case '1':
      return { ...style, bold: true }
    case '2':
      return { ...style, dim: true }
    case '22':
      return normal
    case '39':
      return uncoloured
    default:
      throw new Error(`unknown terminal style ${code}`)
  }
}
