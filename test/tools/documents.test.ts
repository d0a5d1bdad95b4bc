import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { load } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { optionsTable } from '../../src/config.ts'
import { statusKeys, userKeys } from '../../src/contract/annotation-keys.ts'
import { reasons } from '../../src/reasons.ts'
import { codeIn as codeWithinLines } from './markdown.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string) => readFileSync(resolve(root, path), 'utf8')
const documents = [
  'README.md',
  'README.zh-CN.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'docs/reference.md',
  'docs/threat-model.md',
  'docs/operations.md',
]

const codeIn = (text: string) => codeWithinLines(text.replaceAll(/^```.*?^```/gms, ''))

const sources = ['src', 'test'].flatMap((folder) =>
  readdirSync(resolve(root, folder), { recursive: true, encoding: 'utf8' }),
)
/** Whether there is such a file in a room of its own: CONTRIBUTING.md leaves out how to get there. */
const isSource = (path: string) => sources.some((it) => it === path || it.endsWith(`/${path}`))

describe.each(documents)('%s', (document) => {
  const text = read(document)

  test('names only files that exist', () => {
    const named = codeIn(text).filter((it) =>
      /^(\.github|[\w-]+)\/[\w./-]+\.\w+$|^[\w.-]+\.(ts|json|md)$|^\.npmrc$/.test(it),
    )
    for (const path of named) expect(existsSync(resolve(root, path)) || isSource(path), path).toBe(true)
  })

  test('links only to files and headings that exist', () => {
    for (const [, target = ''] of text.matchAll(/\]\(([^)]+)\)/g)) {
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? resolve(root, document) : resolve(root, dirname(document), path)
      expect(existsSync(file), target).toBe(true)
      if (anchor === undefined) continue
      const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
        title
          .toLowerCase()
          .replaceAll(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      )
      expect(headings).toContain(anchor)
    }
  })

  test('names only reasons, annotations and flags that exist', () => {
    const code = codeIn(text)
    const words = [...Object.keys(reasons), 'Synced', 'Pending', 'Failed', 'Rejected']
    const keys = [...Object.values(userKeys), ...Object.values(statusKeys)]
    const flags = [...optionsTable().map(({ flag }) => flag.split(' ')[0]), '--help', '--version']
    for (const it of code) {
      const [, annotation] = /^((?:status\.)?tencent-cert-sync\.io\/[\w-]+)(?::|$)/.exec(it) ?? []
      if (annotation !== undefined) expect(keys).toContain(annotation)
      if (/^--[a-z-]+$/.test(it)) expect(flags).toContain(it)
    }
    const said = code.filter(
      (it) => /^[A-Z][a-z]+([A-Z][a-z]+)+$/.test(it) && !it.startsWith('TencentCertSync'),
    )
    const others = [
      'ConnectionFailed',
      'ProxyMalformed',
      'RequestLimitExceeded',
      'InternalError',
      'NodePort',
      'UnauthorizedOperation',
      'UploadCertificate',
      'DescribeCertificateDetail',
    ]
    for (const it of said) expect([...words, ...others]).toContain(it)
  })
})

test('each control of the threat model names what shows it', () => {
  const rows = read('docs/threat-model.md')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter((cells) => cells.length === 5 && !/^(---|threat|asset|A\d)?$/.test(cells[1] ?? ''))
  expect(rows.length).toBeGreaterThan(20)
  for (const [, , , shown = ''] of rows) expect(shown).toMatch(/`[^`]+`|^none, see residual risks$/)
})

test('the runbook has a section for each alert of the chart, and no other', () => {
  const alerts = [
    ...read('charts/tencent-cert-sync/templates/prometheusrule.yaml').matchAll(/- alert: (\w+)/g),
  ]
  const sections = [...read('docs/operations.md').matchAll(/^### (TencentCertSync\w+)$/gm)]
  const names = (found: RegExpMatchArray[]) => found.map(([, name]) => name)
  expect(names(alerts).length).toBeGreaterThan(2)
  expect(names(sections)).toEqual(names(alerts))
})

test('the runbook names only metrics that exist', () => {
  const metrics = read('src/telemetry/prometheus-metrics.ts') + read('src/telemetry/secret-series.ts')
  const named = codeIn(read('docs/operations.md')).flatMap((it) =>
    [...it.matchAll(/^(?:tencent_cert_sync_)?([a-z]+(?:_[a-z]+)+)(?:\{|$)/g)].map(([, name]) => name),
  )
  const variables = ['http_proxy', 'https_proxy', 'no_proxy']
  const metricsNamed = named.filter((it) => it !== undefined && !variables.includes(it))
  expect(metricsNamed.length).toBeGreaterThan(5)
  for (const name of metricsNamed) expect(metrics).toContain(`'${name?.replace(/^tencent_cert_sync_/, '')}'`)
})

test('the policy for Tencent Cloud allows the calls that are made, and no others', () => {
  const [, policy = ''] = /```json\n(.+?)```/s.exec(read('docs/threat-model.md')) ?? []
  const { statement } = load(policy) as { statement: { action: string[] }[] }
  const ports = read('src/ports/ssl-service.ts')
  const [, union = ''] = /type ServiceAction =([^\n]*(?:\n\s+\|[^\n]*)*)/.exec(ports) ?? []
  const calls = [...union.matchAll(/'(\w+)'/g)].map(([, name]) => `ssl:${name}`)
  expect(calls.length).toBeGreaterThan(2)
  expect(statement.flatMap(({ action }) => action).sort()).toEqual(calls.sort())
})
