import { stripVTControlCharacters } from 'node:util'

/** Joins as many of the texts as fit into so many columns, from the first on. Colours take no room. */
export function fitting(texts: readonly string[], separator: string, columns: number): string {
  const joined = (count: number) => texts.slice(0, count).join(separator)
  const fits = (count: number) => stripVTControlCharacters(joined(count)).length <= columns
  return joined(texts.findLastIndex((_, index) => fits(index + 1)) + 1)
}
