import { readSpans, type Span } from './ansi-spans.ts'

/** Width of a character and height of a line, px, of a font of 14 px. */
const [advance, leading] = [8.4, 19]
const padding = 20
const titleBar = 34

/** A window of its own with a dark ground and an outline: it reads the same on light and on dark pages. */
const styles = `
  text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace;
         fill: #e6edf3; white-space: pre }
  .bold { font-weight: 700 } .dim { fill: #8d96a0 }
  .red { fill: #ff7b72 } .green { fill: #56d364 } .yellow { fill: #e3b341 } .cyan { fill: #56d4dd }`

/** What stands around the text. */
export interface Frame {
  /** In the bar of the window. */
  readonly title: string
  /** For people who do not see the picture. */
  readonly description: string
  readonly columns: number
}

/** Draws lines of terminal text, with their colours, as an SVG image. */
export function terminalSvg(lines: readonly string[], { title, description, columns }: Frame): string {
  const width = Math.round(columns * advance + 2 * padding)
  const height = Math.round(titleBar + lines.length * leading + padding + 6)
  const lights = ['#ff5f57', '#febc2e', '#28c840'].map(
    (fill, index) => `<circle cx="${padding + index * 18}" cy="17" r="5.5" fill="${fill}"/>`,
  )
  const text = lines.flatMap((line, index) => {
    const y = titleBar + padding + index * leading
    return readSpans(line)
      .flatMap(words)
      .map((span) => textElement(span, y))
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(description)}</title>`,
    `<style>${styles}</style>`,
    `<rect x="0.75" y="0.75" width="${width - 1.5}" height="${height - 1.5}" rx="9" fill="#161b22" stroke="#57606a" stroke-width="1.5"/>`,
    ...lights,
    `<text class="dim" x="${width / 2}" y="22" text-anchor="middle">${escaped(title)}</text>`,
    ...text,
    '</svg>\n',
  ].join('\n')
}

/** Apart where blanks separate columns: each is put where the terminal has it, whatever font there is. */
function words(span: Span): Span[] {
  return [...span.text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: text, index }) => ({
    ...span,
    text,
    column: span.column + [...span.text.slice(0, index)].length,
  }))
}

function textElement({ text, column, colour, bold, dim }: Span, y: number): string {
  const classes = [bold && 'bold', dim && 'dim', colour].filter(Boolean).join(' ')
  const x = Math.round((padding + column * advance) * 10) / 10
  const length = Math.round([...text].length * advance * 10) / 10
  const style = classes === '' ? '' : ` class="${classes}"`
  return `<text${style} x="${x}" y="${y}" textLength="${length}" lengthAdjust="spacingAndGlyphs">${escaped(text)}</text>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
