import { createHash } from 'node:crypto'
import type { CertificateType } from '../certificate/material.ts'
import type { Tag } from '../ports/ssl-service.ts'
import { aliasProblem, defaultAlias } from './alias.ts'
import { userKeys } from './annotation-keys.ts'
import { isOwnershipTag } from './ownership.ts'

/** What the user asks for, as the annotations say it. */
export interface Settings {
  /** `absent` and `no` are left alone; `invalid` is reported. */
  readonly upload: 'yes' | 'no' | 'absent' | 'invalid'
  readonly paused: boolean
  readonly type: CertificateType
  readonly repeatable: boolean
  readonly projectId: number | undefined
  /** Template: see renderAlias. */
  readonly alias: string
  readonly use: string | undefined
  /** The user's tags, without the ownership tags. */
  readonly tags: readonly Tag[]
  /** Bounded, so that echoing it cannot fail. */
  readonly requestedAt: string | undefined
  /** What does not parse and is not cosmetic: the Secret is rejected for it. */
  readonly problems: readonly string[]
  /** What is cosmetic and unusable: left out, and named (I13). */
  readonly leftOut: readonly string[]
}

/** Reads the user's annotations. Never throws: any text is an answer. */
export function readSettings(annotations: Readonly<Record<string, string>>): Settings {
  const problems: string[] = []
  const leftOut: string[] = []
  const read = (key: keyof typeof userKeys) =>
    Object.hasOwn(annotations, userKeys[key]) ? annotations[userKeys[key]]?.trim() : undefined

  function oneOf<T>(key: keyof typeof userKeys, choices: Readonly<Record<string, T>>, otherwise: T): T {
    const text = read(key)
    if (text === undefined) return otherwise
    if (Object.hasOwn(choices, text)) return choices[text] as T
    problems.push(
      `${userKeys[key]} must be ${Object.keys(choices).map(quote).join(' or ')}, not ${quote(text)}`,
    )
    return otherwise
  }

  const upload = oneOf<Settings['upload']>(
    'upload',
    { true: 'yes', false: 'no' },
    read('upload') === undefined ? 'absent' : 'invalid',
  )
  return {
    upload,
    paused: oneOf('paused', { true: true, false: false }, false),
    type: oneOf<CertificateType>('certificateType', { SVR: 'SVR', CA: 'CA' }, 'SVR'),
    repeatable: oneOf('repeatable', { true: true, false: false }, false),
    projectId: readProject(read('projectId'), problems),
    alias: readAlias(read('alias'), leftOut),
    use: readUse(read('certificateUse'), leftOut),
    tags: readTags(read('tags'), leftOut),
    requestedAt: bounded(read('requestedAt')),
    problems,
    leftOut,
  }
}

function readProject(text: string | undefined, problems: string[]): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  problems.push(`${userKeys.projectId} must be a whole number, not ${quote(text)}`)
  return undefined
}

function readAlias(text: string | undefined, leftOut: string[]): string {
  if (text === undefined) return defaultAlias
  const problem = aliasProblem(text)
  if (problem === undefined) return text
  leftOut.push(`alias (it ${problem})`)
  return defaultAlias
}

function readUse(text: string | undefined, leftOut: string[]): string | undefined {
  if (text === undefined || /^[A-Za-z0-9_, -]{1,64}$/.test(text)) return text
  leftOut.push('certificate-use (only letters, digits, spaces, "_", "-" and ",", at most 64 characters)')
  return undefined
}

/** A resource of Tencent Cloud has at most 50 tags, and three are the operator's (vendor documentation). */
const maximumTags = 47
/** Entries of the text, good or bad, that are read at all. */
const maximumEntries = 200
/** So many tags that are left out are named one by one. */
const maximumNamed = 5

/** Reads the first tags and says what it leaves out, in so many words at most, however long the text is. */
function readTags(text: string | undefined, leftOut: string[]): Tag[] {
  const tags = new Map<string, string>()
  const refused: string[] = []
  const entries = (text ?? '').split(',', maximumEntries + 1)
  const surplus = entries.length > maximumEntries
  for (const entry of entries.slice(0, maximumEntries)) {
    if (entry.trim() === '') continue
    const { key, value, problem } = readTag(entry)
    const reason = problem ?? (tags.has(key) ? 'the key occurs twice' : undefined) ?? tooMany(tags.size)
    if (reason === undefined) tags.set(key, value)
    else refused.push(`tag ${quote(key)} (${reason})`)
  }
  leftOut.push(...refused.slice(0, maximumNamed))
  if (refused.length > maximumNamed) leftOut.push(`${refused.length - maximumNamed} more tags`)
  if (surplus) leftOut.push(`all tags after the first ${maximumEntries} entries`)
  return [...tags].map(([key, value]) => ({ key, value }))
}

function tooMany(count: number): string | undefined {
  return count < maximumTags ? undefined : `there are more than ${maximumTags} tags`
}

function readTag(entry: string): { key: string; value: string; problem: string | undefined } {
  const at = entry.indexOf('=')
  const key = (at < 0 ? entry : entry.slice(0, at)).trim()
  const value = entry.slice(at + 1).trim()
  return { key, value, problem: at < 0 ? 'it has no "="' : tagProblem(key, value) }
}

/** Bounds and reserved words: vendor documentation of the Tag product. */
function tagProblem(key: string, value: string): string | undefined {
  if (key === '' || key.length > 127) return 'the key must have 1 to 127 characters'
  if (value.length > 255) return 'the value must have at most 255 characters'
  if (/\p{Cc}/u.test(key + value)) return 'it contains control characters'
  if (/^(qcloud|tencent|project|qcs:)/i.test(key)) return 'reserved by Tencent Cloud'
  return isOwnershipTag(key) ? 'reserved for the ownership tags' : undefined
}

/** A text that is echoed must stay short, and still differ where the original differs. */
function bounded(text: string | undefined): string | undefined {
  if (text === undefined || text === '' || text.length <= 64) return text || undefined
  return `sha256:${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
}

/** A long text is not shown: somebody may have pasted a key where none belongs. */
function quote(text: string): string {
  return text.length > 40 ? `a text of ${text.length} characters` : JSON.stringify(text.toWellFormed())
}
