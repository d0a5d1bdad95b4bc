import { isObject } from './parameters.ts'
import { dateForms, noTraits, refusable, type Traits } from './traits.ts'

type Check = (value: unknown) => boolean

const isOneOf =
  (texts: readonly string[]): Check =>
  (value) =>
    texts.some((text) => text === value)
const isText: Check = (value) => typeof value === 'string'
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0

const checks: Readonly<Record<keyof Traits, Check>> = {
  visibleTag: (value) =>
    value === null ||
    (isObject(value) && isText(value['key']) && (value['value'] === undefined || isText(value['value']))),
  listingLagMs: isCount,
  tagLagMs: isCount,
  aliasCut: (value) => value === null || isCount(value),
  dates: isOneOf(dateForms),
  pageCap: (value) => isCount(value) && value !== 0,
  refused: (value) =>
    isObject(value) &&
    Object.entries(value).every(([what, code]) => isOneOf(refusable)(what) && isText(code)),
}

/**
 * Reads traits that came as JSON; what they do not name is as in `noTraits`.
 * @throws Error that says what is wrong
 */
export function parseTraits(value: unknown): Traits {
  if (!isObject(value)) throw new Error('Traits are a JSON object.')
  for (const [name, trait] of Object.entries(value)) {
    const check = Object.hasOwn(checks, name) ? checks[name as keyof Traits] : undefined
    if (check === undefined)
      throw new Error(`${name} is no trait. There are ${Object.keys(checks).join(', ')}.`)
    if (!check(trait)) throw new Error(`${name} is wrong.`)
  }
  return { ...noTraits, ...value }
}
