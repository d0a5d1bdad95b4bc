import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { variantFile } from '../../../chart/chart.ts'

/** Values of the chart. */
export type Values = Readonly<Record<string, unknown>>

/** One of `test/chart/variants`, by its name. */
export function variantValues(variant: string): Values {
  return load(readFileSync(variantFile(variant), 'utf8')) as Values
}

/** Values on top of others, the later ones winning. Lists of the `extra...` kind are joined, others replaced. */
export function mergeValues(...all: readonly Values[]): Values {
  const merged: Record<string, unknown> = {}
  for (const [name, value] of all.flatMap((values) => Object.entries(values))) {
    const before = merged[name]
    if (isValues(before) && isValues(value)) merged[name] = mergeValues(before, value)
    else if (/^extra[A-Z]/.test(name) && Array.isArray(before) && Array.isArray(value)) {
      merged[name] = [...before, ...value]
    } else merged[name] = value
  }
  return merged
}

/** The chart's values for an image. @param reference `docker.io/local/tencent-cert-sync:TAG`, or with a digest */
export function imageValues(reference: string): Values {
  const [name = '', digest = ''] = reference.split('@')
  const [, repository = name, tag = ''] = /^(.+):([^:/]+)$/.exec(name) ?? []
  return { image: { registry: '', repository, tag, digest, pullPolicy: 'IfNotPresent' } }
}

function isValues(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
