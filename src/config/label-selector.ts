import type { Parsed } from './parsed.ts'

// The grammar of labels and selectors: Kubernetes documentation, "Labels and Selectors".
const name = '[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?'
const label = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?'
const key = `(?:(?=[^/]{1,253}/)${label}(?:\\.${label})*/)?${name}`
const value = `(?:${name})?`
const requirement = new RegExp(
  `^(?:!?\\s*${key}|${key}\\s*(?:==?|!=)\\s*${value}|${key}\\s+(?:not)?in\\s*\\(\\s*${value}(?:\\s*,\\s*${value})*\\s*\\))$`,
)

// A selector travels in the URL of every list and watch.
const longest = 1024

/** A label selector as kubectl takes it: `tier=front,env in (prod,staging),!legacy`. */
export function labelSelector(text: string): Parsed<string> {
  const valid = text.length <= longest && split(text).every((part) => requirement.test(part.trim()))
  return valid ? { value: text.trim() } : { expected: `a label selector of at most ${longest} characters` }
}

/** The requirements: what stands between the commas outside of parentheses. */
function split(text: string): string[] {
  const parts = ['']
  let depth = 0
  for (const character of text) {
    if (character === '(') depth++
    if (character === ')') depth--
    if (character === ',' && depth === 0) parts.push('')
    else parts.push(`${parts.pop()}${character}`)
  }
  return parts
}
