/** A JSON schema, or a part of one. */
type Schema = { readonly [keyword: string]: unknown }

interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

const prefix = '#/definitions/'

/**
 * JSON schemas of all kinds, from an API server's OpenAPI document (v2), by file name as kubeconform looks for them:
 * `deployment-apps-v1.json`. Stricter than the API server's own: fields that no schema names are errors everywhere.
 */
export function objectSchemas(openApi: {
  readonly definitions: Readonly<Record<string, Schema>>
}): Map<string, Schema> {
  const definitions: Record<string, Schema> = {}
  for (const [name, schema] of Object.entries(openApi.definitions))
    definitions[name] = strict(schema) as Schema
  const schemas = new Map<string, Schema>()
  for (const [name, schema] of Object.entries(openApi.definitions)) {
    const kinds = (schema['x-kubernetes-group-version-kind'] ?? []) as readonly GroupVersionKind[]
    for (const { group, version, kind } of kinds) {
      const file = [kind, ...(group === '' ? [] : [group.split('.')[0]]), version].join('-').toLowerCase()
      schemas.set(`${file}.json`, { $ref: prefix + name, definitions: reachable(name, definitions) })
    }
  }
  return schemas
}

/** Closes objects, and says in JSON schema's words what OpenAPI says with formats. */
function strict(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strict)
  if (typeof value !== 'object' || value === null) return value
  const schema = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, strict(each)])) as Schema
  if (schema['format'] === 'int-or-string') return { type: ['integer', 'string'] }
  const open = schema['additionalProperties'] ?? schema['x-kubernetes-preserve-unknown-fields']
  const closed = typeof schema['properties'] === 'object' && open === undefined && schema['type'] === 'object'
  return closed ? { ...schema, additionalProperties: false } : schema
}

/** The definition of this name and those that it needs. */
function reachable(name: string, definitions: Readonly<Record<string, Schema>>): Record<string, Schema> {
  const found: Record<string, Schema> = {}
  const waiting = [name]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const schema = definitions[next]
    if (schema === undefined || next in found) continue
    found[next] = schema
    waiting.push(...references(schema))
  }
  return found
}

function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, each]) =>
    key === '$ref' && typeof each === 'string' ? [each.slice(prefix.length)] : references(each),
  )
}
