import { ApiError } from './api-error.ts'
import { type Field, facts } from './facts.ts'

/** Checked parameters of a call: known names only, each of its declared type; null counts as absent. */
export type Parameters = Readonly<Record<string, unknown>>

/**
 * Checks a request's body against the declared parameters.
 * @throws ApiError UnknownParameter, InvalidParameter (wrong type), MissingParameter
 */
export function checkParameters(
  body: unknown,
  fields: readonly Field[],
  site: 'china' | 'international',
): Parameters {
  if (!isObject(body)) throw new ApiError('InvalidParameter', 'The request body has to be a JSON object.')
  return checkObject(body, fields, site, '')
}

function checkObject(
  values: Readonly<Record<string, unknown>>,
  fields: readonly Field[],
  site: 'china' | 'international',
  path: string,
): Parameters {
  const known = fields.filter((field) => site === 'china' || field.chinaOnly !== true)
  for (const name of Object.keys(values)) {
    if (!known.some((field) => field.name === name)) {
      throw new ApiError('UnknownParameter', `The parameter ${path}${name} is not recognized.`)
    }
  }
  const checked: Record<string, unknown> = {}
  for (const field of known) {
    const value = values[field.name] ?? undefined
    if (value !== undefined) checked[field.name] = checkValue(value, field.type, site, path + field.name)
    else if (field.required) {
      throw new ApiError('MissingParameter', `The parameter ${path}${field.name} is missing.`)
    }
  }
  return checked
}

function checkValue(value: unknown, type: string, site: 'china' | 'international', path: string): unknown {
  if (type.endsWith('[]')) {
    if (!Array.isArray(value)) throw wrongType(path, type)
    return value.map((each: unknown, index) => checkValue(each, type.slice(0, -2), site, `${path}.${index}`))
  }
  const structure = facts.types[type]
  if (structure !== undefined) {
    if (!isObject(value)) throw wrongType(path, type)
    return checkObject(value, structure, site, `${path}.`)
  }
  if (!isOfType(value, type)) throw wrongType(path, type)
  return value
}

/** Whether a value has one of the four scalar types of the API's description. */
export function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string'
    case 'bool':
      return typeof value === 'boolean'
    case 'int64':
      return Number.isSafeInteger(value)
    case 'uint64':
      return Number.isSafeInteger(value) && Number(value) >= 0
    default:
      return false
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrongType(path: string, type: string): ApiError {
  return new ApiError('InvalidParameter', `The parameter ${path} has to be of type ${type}.`)
}
