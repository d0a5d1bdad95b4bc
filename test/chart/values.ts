import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { chartFolder } from './chart.ts'

/** A part of values.schema.json. */
export interface ValueSchema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly additionalProperties?: unknown
  readonly properties?: Readonly<Record<string, ValueSchema>>
  /** The first is a value that is allowed and is not the default. */
  readonly examples?: readonly unknown[]
  readonly [keyword: string]: unknown
}

/** values.yaml as it is written. */
export function valuesText(): string {
  return readFileSync(join(chartFolder, 'values.yaml'), 'utf8')
}

/** The defaults. */
export function defaultValues(): Record<string, unknown> {
  return load(valuesText()) as Record<string, unknown>
}

/** values.schema.json. */
export function valuesSchema(): ValueSchema {
  return JSON.parse(readFileSync(join(chartFolder, 'values.schema.json'), 'utf8')) as ValueSchema
}

/** The schemas of all single values by path (`image.tag`): what has `properties` is not one, but holds some. */
export function schemaOfEachValue(
  schema: ValueSchema,
  path: readonly string[] = [],
): Map<string, ValueSchema> {
  const found = new Map<string, ValueSchema>()
  for (const [key, each] of Object.entries(schema.properties ?? {})) {
    if (each.properties === undefined) found.set([...path, key].join('.'), each)
    else for (const [inner, one] of schemaOfEachValue(each, [...path, key])) found.set(inner, one)
  }
  return found
}

/** What values.yaml says of each value, by path: the comment that starts with `# --`, as helm-docs reads it. */
export function descriptions(text: string): Map<string, string> {
  const found = new Map<string, string>()
  const path: string[] = []
  let comment: string[] = []
  for (const line of text.split('\n')) {
    const [, start, more] = /^ *# (?:(-- )|)(.*)$/.exec(line) ?? []
    if (more !== undefined) {
      if (start) comment = [more]
      else if (comment.length > 0) comment.push(more)
      continue
    }
    const [, indent = '', key] = /^( *)([A-Za-z][\w]*):/.exec(line) ?? []
    if (key !== undefined) {
      path.splice(indent.length / 2, path.length, key)
      if (comment.length > 0) found.set(path.join('.'), comment.join(' '))
    }
    comment = []
  }
  return found
}

/** Values of the chart that hold one at a path: `{ a: { b: value } }` for `a.b`. */
export function nested(path: string, value: unknown): Record<string, unknown> {
  return path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Record<
    string,
    unknown
  >
}
