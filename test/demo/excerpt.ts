import { stripVTControlCharacters } from 'node:util'

/**
 * What a picture has room for: how the demo begins, the act with this title, and the last line.
 *
 * @param lines everything that the demo said
 * @throws Error where there is no such act
 */
export function excerpt(lines: readonly string[], title: string): string[] {
  const plain = lines.map(stripVTControlCharacters)
  const isAct = (line: string) => /^\d {2}\S/.test(line)
  const from = plain.findIndex((line) => isAct(line) && line.endsWith(title))
  if (from < 0) throw new Error(`the demo has played no act "${title}"`)
  const next = plain.findIndex((line, index) => index > from && isAct(line))
  return [
    ...lines.slice(0, plain.findIndex(isAct)),
    ...lines.slice(from, next < 0 ? undefined : next),
    ...lines.slice(-1),
  ]
}
