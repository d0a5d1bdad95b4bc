import { describe, expect, test } from 'vitest'
import { RenderError, type Rendering, renderManifest } from './chart.ts'
import {
  defaultValues,
  descriptions,
  nested,
  schemaOfEachValue,
  type ValueSchema,
  valuesSchema,
  valuesText,
} from './values.ts'

const schema = valuesSchema()
const schemas = schemaOfEachValue(schema)
/** In the schema, and on purpose not in values.yaml: read by Helm alone, other names, or refused with an explanation. */
const hidden = [
  ...['credentials.secretId', 'credentials.secretKey', 'credentials.sessionToken', 'enabled'],
  ...['podDnsPolicy', 'podDnsConfig', 'global.repository', 'containerSecurityContext'],
]
const documented = [...schemas.keys()].filter((path) => !hidden.includes(path))

function valueAt(path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], defaultValues())
}

describe('values.yaml and values.schema.json', () => {
  test('name the same values', () => {
    const paths: string[] = []
    const collect = (values: Record<string, unknown>, path: string[]) => {
      for (const [key, value] of Object.entries(values)) {
        const here = [...path, key]
        const isGroup = !schemas.has(here.join('.')) && typeof value === 'object' && value !== null
        if (isGroup) collect(value as Record<string, unknown>, here)
        else paths.push(here.join('.'))
      }
    }
    collect(defaultValues(), [])
    expect(paths.sort()).toEqual(documented.sort())
  })

  test('say what every value is for', () => {
    const texts = descriptions(valuesText())
    expect(documented.filter((path) => !texts.has(path))).toEqual([])
    expect([...texts.keys()].filter((path) => !schemas.has(path))).toEqual([])
  })

  test('leave no object of ours open to misspelt values', () => {
    const open: string[] = []
    const look = (each: ValueSchema, path: string) => {
      if (each.properties === undefined) return
      if (each.additionalProperties !== false) open.push(path)
      for (const [key, inner] of Object.entries(each.properties)) look(inner, `${path}.${key}`)
    }
    look(schema, '')
    // Helm hands `global` of the chart around it to every chart.
    expect(open).toEqual(['.global', '.global.rbac', '.global.leaderElection'])
  })
})

const required = { clusterName: 'test', credentials: { existingSecret: 'tencent-cloud' } }
const base = { ...required, networkPolicy: { enabled: true }, prometheusRule: { enabled: true } }

/** What has to be so for a value to show. */
const contexts: readonly (readonly [start: string, values: Record<string, unknown>])[] = [
  ['networkPolicy.enabled', required],
  ['prometheusRule.enabled', required],
  ['serviceMonitor.enabled', required],
  ['podMonitor.enabled', required],
  ['serviceMonitor.', { ...base, serviceMonitor: { enabled: true } }],
  ['podMonitor.', { ...base, podMonitor: { enabled: true } }],
  ['clusterName', { ...base, clusterName: 'other' }],
  ['credentials.existingSecret', { ...base, credentials: { existingSecret: 'other' } }],
]

const known = new Map<string, Promise<string>>()

/** Renders as on a cluster that has everything, or for `renderMode` as on an old one that has nothing. */
function outcome(path: string, values: Record<string, unknown>): Promise<string> {
  const nothing = path.endsWith('.renderMode') ? { apiVersions: [], kubernetes: '1.29.0' } : {}
  const rendering = { values, ...nothing }
  const name = JSON.stringify(rendering)
  const made = known.get(name) ?? renderOrRefusal(rendering)
  known.set(name, made)
  return made
}

function renderOrRefusal(rendering: Rendering): Promise<string> {
  return renderManifest(rendering).catch((error: unknown) => {
    // A contradiction shows that the value is looked at; a refusal by the schema would not.
    if (error instanceof RenderError && error.message.includes('These values are invalid'))
      return error.message
    throw error
  })
}

describe('every value makes a difference:', () => {
  test.concurrent.each(documented)('%s', async (path) => {
    const [, context = base] = contexts.find(([start]) => path.startsWith(start)) ?? []
    const [example] = schemas.get(path)?.examples ?? []
    expect(example, 'the schema gives an example').toBeDefined()
    expect(example, 'that is not the default').not.toEqual(valueAt(path))
    const changed = merge(context, nested(path, example))
    expect(await outcome(path, changed)).not.toBe(await outcome(path, context))
  })
})

describe('the schema refuses', () => {
  test.each([
    ['a misspelt value', { replicas: 3 }, /replicas/],
    ['a misspelt value in a group', { leaderElection: { duration: '15s' } }, /duration/],
    ['a wrong type', { replicaCount: 'two' }, /replicaCount/],
    ['a word that is none of the choices', { log: { level: 'verbose' } }, /log.level/],
    ['more slots than the service allows', { uploadSlots: 11 }, /uploadSlots/],
    ['a duration without a unit', { resync: '10' }, /resync/],
    ['a disruption of less than nothing', { podDisruptionBudget: { maxUnavailable: -1 } }, /maxUnavailable/],
    ['a name with capitals', { nameOverride: 'Certs' }, /nameOverride/],
    ['a name that a Service cannot have', { fullnameOverride: '1st' }, /fullnameOverride/],
    ['a name with dots', { fullnameOverride: 'a.b' }, /fullnameOverride/],
    ['an operator that selectors do not have', { labelSelector: 'tier=>front' }, /labelSelector/],
    ['a set that does not end', { labelSelector: 'tier in (front' }, /labelSelector/],
    ['a selector with an empty part', { labelSelector: 'a=b,,c' }, /labelSelector/],
    ['an interval without a unit', { inventoryInterval: '60' }, /inventoryInterval/],
    ['a field of the pod', { securityContext: { fsGroup: 1 } }, /set podSecurityContext\.fsGroup/],
    [
      'a field of the container',
      { podSecurityContext: { privileged: true } },
      /set securityContext\.privileged/,
    ],
    [
      "cert-manager's name of a value that has another one",
      { containerSecurityContext: { runAsUser: 1 } },
      /set securityContext for the container, podSecurityContext for the pod/,
    ],
    ['an ambiguous global', { global: { repository: 'x' } }, /a mirror is global\.imageRegistry/],
  ])('%s', async (_what, values, message) => {
    await expect(renderManifest({ variant: 'default', values })).rejects.toThrow(message)
  })
})

test('a chart around this one may set `enabled` and globals of its own', async () => {
  const certManagers = {
    commonLabels: {},
    hostUsers: true,
    imagePullSecrets: [],
    leaderElection: { namespace: 'kube-system' },
    logLevel: 2,
    podSecurityPolicy: { enabled: false },
    priorityClassName: '',
    rbac: { create: true, aggregateClusterRoles: true },
    revisionHistoryLimit: 3,
  }
  const values = { enabled: true, global: { theirs: 1, ...certManagers } }
  const manifest = await renderManifest({ variant: 'default', values })
  expect(manifest).toContain('--lease-namespace=kube-system')
})

describe('null is', () => {
  /** What has a meaning of its own, or is refused, where it is not set. */
  const required: Record<string, RegExp> = {
    clusterName: /clusterName is not set/,
    credentials: /credentials.existingSecret is not set/,
    'credentials.existingSecret': /credentials.existingSecret is not set/,
  }
  const groups = documented.flatMap((path) => {
    const names = path.split('.').slice(0, -1)
    return names.map((_name, index) => names.slice(0, index + 1).join('.'))
  })
  const values = { ...base, serviceMonitor: { enabled: true } }
  const isCollection = (path: string) => schemas.has(path) && typeof valueAt(path) === 'object'
  const rest = [...new Set([...groups, ...documented])].filter((path) => !(path in required))
  const renderWith = (path: string, value: unknown) =>
    renderManifest({ values: merge(values, nested(path, value)) })

  test.concurrent.each(rest.filter((path) => !isCollection(path)))('the default of %s', async (path) => {
    expect(await renderWith(path, null)).toBe(await renderWith(path, valueAt(path)))
  })

  test.concurrent.each(rest.filter(isCollection))('an empty %s', async (path) => {
    const manifest = await renderWith(path, null)
    if (Array.isArray(valueAt(path))) expect(manifest).toBe(await renderWith(path, []))
    // Helm fills an empty map with the defaults: only null empties it.
    else expect(manifest === (await renderWith(path, {}))).toBe(isEmpty(valueAt(path) as object))
  })

  test.each(Object.entries(required))('not enough for %s', async (path, message) => {
    await expect(renderWith(path, null)).rejects.toThrow(message)
  })
})

function merge(first: Record<string, unknown>, second: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...first }
  for (const [key, value] of Object.entries(second)) {
    const before = merged[key]
    merged[key] = isGroup(before) && isGroup(value) ? merge(before, value) : value
  }
  return merged
}

const isEmpty = (map: object) => Object.keys(map).length === 0

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
