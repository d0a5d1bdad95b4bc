import type { Parsed } from './parsed.ts'

const dnsLabel = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?'
const namespaceForm = new RegExp(`^${dnsLabel}$`)
const objectForm = new RegExp(`^${dnsLabel}(?:\\.${dnsLabel})*$`)
const clusterForm = /^[A-Za-z0-9](?:[A-Za-z0-9._:/@+-]{0,253}[A-Za-z0-9])?$/
const accountForm = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/

/** A whole number between two bounds, in plain decimal digits. */
export function wholeNumber(from: number, to: number): (text: string) => Parsed<number> {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    return value >= from && value <= to ? { value } : { expected: `a whole number from ${from} to ${to}` }
  }
}

/** One of these words. */
export function oneOf<const Word extends string>(words: readonly Word[]): (text: string) => Parsed<Word> {
  return (text) => {
    const value = words.find((word) => word === text)
    return value === undefined ? { expected: `one of ${words.join(', ')}` } : { value }
  }
}

/** `true` or `false`. */
export function yesOrNo(text: string): Parsed<boolean> {
  return text === 'true' || text === 'false' ? { value: text === 'true' } : { expected: 'true or false' }
}

/** A path. Whether something is there is found out by whoever opens it. */
export function path(text: string): Parsed<string> {
  return text === '' || text.includes('\0') ? { expected: 'a path' } : { value: text }
}

/** Uploads in an hour: `5/h`. */
export function perHour(text: string): Parsed<number> {
  const count = Number(/^(\d{1,4})\/h$/.exec(text)?.[1] ?? 0)
  return count >= 1 && count <= 1000
    ? { value: count }
    : { expected: 'a number from 1 to 1000, a slash and the letter h' }
}

/** Names of namespaces (RFC 1123 labels), separated by commas; each is kept once. */
export function namespaces(text: string): Parsed<readonly string[]> {
  const names = text.split(',').map((name) => name.trim())
  return names.every((name) => namespaceForm.test(name))
    ? { value: [...new Set(names)] }
    : {
        expected:
          'names of namespaces, separated by commas (lower-case letters, digits and "-", at most 63 characters each)',
      }
}

/** The name of a namespace. */
export function namespace(text: string): Parsed<string> {
  return namespaceForm.test(text)
    ? { value: text }
    : {
        expected: 'the name of a namespace (lower-case letters, digits and "-", at most 63 characters)',
      }
}

/** The name of an object of Kubernetes (an RFC 1123 subdomain). */
export function objectName(text: string): Parsed<string> {
  return text.length <= 253 && objectForm.test(text)
    ? { value: text }
    : {
        expected:
          'the name of an object (lower-case letters, digits, "-" and ".", at most 253 characters, with a letter or digit at both ends)',
      }
}

/** The value of an ownership tag. Tags hold at most 255 characters and no blank at either end. */
export function clusterName(text: string): Parsed<string> {
  return clusterForm.test(text)
    ? { value: text }
    : {
        expected:
          'at most 255 letters, digits and "." "_" ":" "/" "@" "+" "-", with a letter or digit at both ends',
      }
}

/** The name of the account, as it appears in annotations. */
export function accountName(text: string): Parsed<string> {
  return accountForm.test(text)
    ? { value: text }
    : { expected: 'at most 63 letters, digits and "." "_" "-", with a letter or digit at both ends' }
}
