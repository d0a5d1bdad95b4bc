import { expect, test } from 'vitest'
import { PrometheusMetrics } from '../../src/telemetry/prometheus-metrics.ts'
import { render } from './chart.ts'
import { at } from './kubernetes-object.ts'
import { defaultValues } from './values.ts'

interface Rule {
  readonly alert?: string
  readonly expr: string
}

const values = {
  clusterName: 'test',
  credentials: { existingSecret: 'tencent-cloud' },
}

async function rulesOf(prometheusRule: object = {}): Promise<Rule[]> {
  const rendering = { values: { ...values, prometheusRule: { enabled: true, ...prometheusRule } } }
  const rule = (await render(rendering)).find(({ kind }) => kind === 'PrometheusRule')
  return at(rule, 'spec.groups.0.rules') as Rule[]
}

/** The page of an operator that shows a series of every metric that alerts watch. */
function page(): Promise<string> {
  const metrics = new PrometheusMetrics({ version: 'test', processMetrics: false })
  metrics.show({
    queueDepths: () => ({}),
    oldestUnsyncedMs: () => 0,
    watchAgeMs: () => 0,
    unreadableNamespaces: () => ['blog'],
    slots: () => 10,
    heldReasons: () => [],
    serviceSilent: () => false,
    certificates: () => undefined,
    inventoryOverdue: () => false,
    leading: () => true,
  })
  const [notAfter, uploadedNotAfter] = [Date.UTC(2027, 0, 1), Date.UTC(2027, 0, 1)]
  metrics.secret('web/site', { notAfter, uploadedNotAfter, phase: 'Rejected', reason: 'KeyMismatch' })
  return metrics.text()
}

/** Labels that Prometheus sets from where it scrapes: `exported_namespace` replaces a label `namespace` of the series. */
const ofTheTarget = ['job', 'namespace', 'exported_namespace', 'pod']

test('alerts ask for metrics that the operator has, and group them by labels that these have', async () => {
  const rules = await rulesOf()
  const lines = (await page()).split('\n')
  expect(rules.map(({ alert }) => alert)).toEqual([
    'TencentCertSyncChangeNotSynced',
    'TencentCertSyncWatchStale',
    'TencentCertSyncNobodyLeads',
    'TencentCertSyncUploadedCertificateExpires',
    'TencentCertSyncCertificateRejected',
    'TencentCertSyncNamespaceUnreadable',
    'TencentCertSyncAccountHeld',
    'TencentCertSyncServiceSilent',
    'TencentCertSyncInventoryOverdue',
  ])
  for (const { expr } of rules) {
    const [, by = '', metric = '', selector = ''] =
      /^(?:max|min) by \(([\w, ]+)\) \((tencent_cert_sync_\w+)(?:\{([^}]*)\})?\)/.exec(expr) ?? []
    const asked = [metric, ...(expr.match(/\btencent_cert_sync_\w+/g) ?? [])]
    expect(lines, expr).toEqual(expect.arrayContaining(asked.map((name) => `# TYPE ${name} gauge`)))
    const series = lines.find((line) => line.startsWith(metric) && line.includes(selector))
    expect(series, expr).toBeDefined()
    const labels = [...(series ?? '').matchAll(/(\w+)="/g)].map(([, label]) => label)
    expect([...labels, ...ofTheTarget], expr).toEqual(expect.arrayContaining(by.split(', ')))
  }
})

test('each alert has a switch of its own, named as it is', async () => {
  const alertsOf = async (alerts: Record<string, boolean>) =>
    (await rulesOf({ alerts })).map(({ alert }) => alert)
  const all = await alertsOf({})
  const switches = Object.keys(at(defaultValues(), 'prometheusRule.alerts') as object)
  expect(switches).toHaveLength(all.length)
  for (const name of switches) {
    const left = await alertsOf({ [name]: false })
    const [gone = '', ...more] = all.filter((alert) => !left.includes(alert))
    expect(more).toEqual([])
    expect(gone.toLowerCase()).toMatch(new RegExp(`${name.toLowerCase()}$`))
  }
})
