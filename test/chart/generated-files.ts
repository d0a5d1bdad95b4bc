import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dump } from 'js-yaml'
import { chartTools } from '../programs/chart-tools.ts'
import { goPrograms } from '../programs/go-programs.ts'
import { runProgram } from '../programs/run-program.ts'
import { chartFolder } from './chart.ts'
import { installManifest } from './install-manifest.ts'
import { defaultValues, descriptions, type ValueSchema, valuesSchema, valuesText } from './values.ts'

const biome = fileURLToPath(new URL('../../node_modules/.bin/biome', import.meta.url))

/** What the generated files must hold, by path from the repository's root. */
export async function generatedFiles(): Promise<Map<string, string>> {
  return new Map([
    ['charts/tencent-cert-sync/values.schema.json', await schemaText()],
    ['charts/tencent-cert-sync/README.md', await readmeText()],
    ['charts/tencent-cert-sync/templates/_defaults.tpl', defaultsText()],
    ['deploy/install.yaml', await installManifest()],
  ])
}

/** The defaults as a template, for values that are null: lists and maps are empty then. */
function defaultsText(): string {
  const emptied = (schema: ValueSchema, values: unknown): unknown => {
    if (schema.properties === undefined) {
      if (Array.isArray(values)) return []
      return typeof values === 'object' ? {} : values
    }
    const entries = Object.entries(values as Record<string, unknown>)
    return Object.fromEntries(entries.map(([key, each]) => [key, emptied(schemaAt(schema, key), each)]))
  }
  const head =
    '{{- /* Generated from values.yaml by npm run generate: what holds for a value that is null. */ -}}'
  const name = 'tencent-cert-sync.defaults'
  return `${head}\n{{- define "${name}" -}}\n${dump(emptied(valuesSchema(), defaultValues()))}{{- end -}}\n`
}

function schemaAt(schema: ValueSchema, key: string): ValueSchema {
  const found = schema.properties?.[key]
  if (found === undefined) throw new Error(`values.schema.json does not have ${key}`)
  return found
}

/** The schema with the descriptions and defaults of values.yaml; types and bounds are written by hand. */
async function schemaText(): Promise<string> {
  const described = describe(valuesSchema(), descriptions(valuesText()), defaultValues(), [])
  const input = JSON.stringify(described, null, 2)
  return runProgram([biome, 'format', '--stdin-file-path=values.schema.json'], { input })
}

function describe(
  schema: ValueSchema,
  texts: ReadonlyMap<string, string>,
  defaults: unknown,
  path: readonly string[],
): ValueSchema {
  const properties = Object.entries(schema.properties ?? {}).map(([key, each]) => {
    const here = [...path, key]
    const value = (defaults as Record<string, unknown> | undefined)?.[key]
    if (each.properties !== undefined) return [key, describe(each, texts, value, here)]
    const { description: before, default: _, ...rest } = each
    const description = texts.get(here.join('.')) ?? before
    return [key, { description, ...rest, ...(value !== undefined && { default: value }) }]
  })
  return { ...schema, properties: Object.fromEntries(properties) }
}

/** README.md as helm-docs writes it, in a copy of the chart: it can print to stdout, but not without its log. */
async function readmeText(): Promise<string> {
  const { 'helm-docs': helmDocs } = await goPrograms(chartTools)
  const folder = mkdtempSync(join(tmpdir(), 'tencent-cert-sync-docs-'))
  try {
    cpSync(chartFolder, folder, { recursive: true })
    await runProgram([
      helmDocs,
      '--chart-search-root',
      folder,
      '--sort-values-order=file',
      '--log-level=error',
    ])
    return readFileSync(join(folder, 'README.md'), 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}
