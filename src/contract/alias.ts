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
  if (template.trim() === '') return 'is empty'
  // Placeholders multiply the length.
  if (template.length > maxTemplate) return `is longer than ${maxTemplate} characters`
  if (/\p{Cc}/u.test(template)) return 'has control characters'
  const unknown = template.match(/\{[^{}]*\}/g)?.find((it) => !/^\{(namespace|name|domain)\}$/.test(it))
  return unknown ? `has the unknown placeholder ${unknown.slice(0, 40)}` : undefined
}

/** Fills the template in; at most 64 characters, a longer text ends in a hash of the whole. */
export function renderAlias(template: string, values: AliasValues): string {
  const text = template.replace(/\{(namespace|name|domain)\}/g, (_, key: keyof AliasValues) => values[key])
  return shorten(text, '')
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
