import { createHash } from 'node:crypto'

/** What a template may name. */
export interface AliasValues {
  readonly namespace: string
  readonly name: string
  /** Common name or first DNS name of the certificate. */
  readonly domain: string
}

export const defaultAlias = '{namespace}/{name}'

const maxLength = 64
const maxTemplate = 500

/** What is wrong with an alias template, in words, or undefined. */
export function aliasProblem(template: string): string | undefined {
  // Placeholders multiply the length.
  if (template.length > maxTemplate) return `is longer than ${maxTemplate} characters`
  if (template.trim() === '') return 'is empty'
  if (/\p{Cc}/u.test(template)) return 'has control characters'
  const unknown = template.match(/\{[^{}]*\}/g)?.find((it) => !/^\{(namespace|name|domain)\}$/.test(it))
  return unknown ? `has the unknown placeholder ${unknown.slice(0, 40).toWellFormed()}` : undefined
}

/** The alias that is sent, and in words why it is not what the template makes. */
export interface ChosenAlias {
  readonly text: string
  readonly leftOut?: string
}

/**
 * The alias of a template, or the default one where that would be empty (`{domain}` of a certificate without a name)
 * or could be taken for the operator's own mark: copies are found by the end of their alias, and who may write it could
 * pass a certificate of their own for one (I6, I11). The default alias is neither: no namespace or name has a blank.
 */
export function chooseAlias(template: string, values: AliasValues): ChosenAlias {
  const text = renderAlias(template, values)
  const problem = renderedProblem(text)
  if (problem === undefined) return { text }
  return { text: renderAlias(defaultAlias, values), leftOut: `alias (it ${problem})` }
}

function renderedProblem(text: string): string | undefined {
  if (text === '') return 'is empty for this certificate, which has no domain'
  return endsLikeCopy(text)
    ? 'ends in a blank and 16 hexadecimal digits, as only the copies of the operator may'
    : undefined
}

/** Whether an alias has the form that `aliasWithSuffix` gives to that of a copy. */
export function endsLikeCopy(alias: string): boolean {
  return /(?:^|[^\p{L}\p{N}\p{P}\p{S}])[0-9a-f]{16}$/iu.test(alias)
}

/** Fills the template in, without blanks around it; at most 64 characters, a longer text ends in a hash of the whole. */
export function renderAlias(template: string, values: AliasValues): string {
  const text = template.replace(/\{(namespace|name|domain)\}/g, (_, key: keyof AliasValues) => values[key])
  return shorten(text.trim(), '')
}

/** The alias with a suffix that is never cut. */
export function aliasWithSuffix(alias: string, suffix: string): string {
  return shorten(alias, ` ${suffix}`)
}

function shorten(text: string, suffix: string): string {
  const characters = [...text]
  if (characters.length + suffix.length <= maxLength) return text + suffix
  const mark = `-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`
  return characters.slice(0, maxLength - mark.length - suffix.length).join('') + mark + suffix
}
