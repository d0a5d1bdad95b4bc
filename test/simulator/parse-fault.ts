import type { Fault } from './faults.ts'
import { isObject } from './parameters.ts'

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string'
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0
const isMs: Check = (value) => typeof value === 'number' && value >= 0
const isTag: Check = (value) =>
  isObject(value) && isText(value['key']) && (value['value'] === undefined || isText(value['value']))

const scope: Readonly<Record<string, Check>> = {
  action: isText,
  alias: isText,
  leafFingerprint: isText,
  tag: isTag,
  skip: isCount,
  times: isCount,
  probability: (value) => isMs(value) && Number(value) <= 1,
  seed: isCount,
}

/** Members of each kind; a name that ends in `?` may be absent. */
const kinds: Readonly<Record<Fault['kind'], Readonly<Record<string, Check>>>> = {
  jitter: { ms: isMs },
  delay: { ms: isMs, 'spreadMs?': isMs },
  reset: {},
  hang: { ms: isMs },
  redirect: {
    status: (value) => isCount(value) && Number(value) >= 300 && Number(value) < 400,
    location: isText,
  },
  'http-status': {
    status: (value) => isCount(value) && Number(value) >= 400 && Number(value) < 600,
    'body?': isText,
  },
  error: { code: isText, 'message?': isText },
  'echo-request': {},
  hold: { at: (value) => value === 'before-work' || value === 'before-answer' },
  kill: { pid: isForeignProcess },
  'lose-response': {},
  'cut-short': {},
  'malformed-json': {},
}

/** The names of the kinds, for a message. */
export const faultKinds = Object.keys(kinds)

/**
 * Reads a fault that came as JSON.
 * @throws Error that says what is wrong
 */
export function parseFault(value: unknown): Fault {
  if (!isObject(value)) throw new Error('A fault is a JSON object.')
  const { kind, ...members } = value
  if (typeof kind !== 'string' || !Object.hasOwn(kinds, kind)) {
    throw new Error(`kind has to be one of ${faultKinds.join(', ')}.`)
  }
  const own = kinds[kind as Fault['kind']]
  for (const [name, check] of Object.entries(own)) {
    const member = members[name.replace('?', '')]
    if (member === undefined ? !name.endsWith('?') : !check(member)) {
      throw new Error(`${kind}: ${name.replace('?', '')} is missing or wrong.`)
    }
  }
  for (const [name, member] of Object.entries(members)) {
    if (Object.hasOwn(own, name) || Object.hasOwn(own, `${name}?`)) continue
    const check = Object.hasOwn(scope, name) ? scope[name] : undefined
    if (check === undefined) throw new Error(`${kind}: ${name} is unknown.`)
    if (!check(member)) throw new Error(`${kind}: ${name} is wrong.`)
  }
  return value as unknown as Fault
}

/** A living process other than this one and the machine's first. */
function isForeignProcess(value: unknown): boolean {
  if (!isCount(value) || Number(value) <= 1 || value === process.pid) return false
  try {
    return process.kill(Number(value), 0)
  } catch {
    return false
  }
}
