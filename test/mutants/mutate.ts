import type { Mutant } from './mutant.ts'
import { namedRegions } from './named-regions.ts'

/**
 * The source with the sabotage in it.
 *
 * @throws Error when the function, or the original in it, is not there exactly once
 */
export function mutate(source: string, mutant: Mutant): string {
  const { within, original, mutated } = mutant
  const regions = namedRegions(source).get(within) ?? []
  const [region] = regions
  if (region === undefined || regions.length > 1) throw outdated(mutant, within, regions.length)
  const text = source.slice(region.start, region.end)
  const places = [...text.matchAll(patternOf(original))]
  const [place] = places
  if (place === undefined || places.length > 1)
    throw outdated(mutant, `its original in ${within}`, places.length)
  const start = region.start + place.index
  return source.slice(0, start) + mutated + source.slice(start + place[0].length)
}

/** Matches the code wherever the formatter breaks its lines. */
function patternOf(code: string): RegExp {
  const words = code.trim().split(/\s+/)
  return new RegExp(words.map((it) => it.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('\\s+'), 'g')
}

function outdated({ name, file }: Mutant, what: string, times: number): Error {
  const found = times === 0 ? 'not found' : `found ${times} times`
  return new Error(`${name}: ${what} is ${found} in ${file}. Bring the list of sabotages up to date.`)
}
