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
  prometheusRule: { enabled: true },
}

test('alerts ask for metrics that the operator has', async () => {
  const rule = (await render({ values })).find(({ kind }) => kind === 'PrometheusRule')
  const rules = at(rule, 'spec.groups.0.rules') as Rule[]
  const asked = new Set(rules.flatMap(({ expr }) => expr.match(/\btencent_cert_sync_\w+/g) ?? []))
  const metrics = new PrometheusMetrics({ version: 'test', processMetrics: false })
  metrics.show({
    queueDepths: () => ({}),
    oldestUnsyncedMs: () => 0,
    watchAgeMs: () => 0,
    unreadableNamespaces: () => [],
    slots: () => 10,
    heldReasons: () => [],
    serviceSilent: () => false,
    certificates: () => undefined,
    inventoryOverdue: () => false,
    leading: () => true,
  })
  const page = await metrics.text()
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
  const missing = [...asked].filter((name) => !page.includes(`# TYPE ${name} gauge`))
  expect(missing).toEqual([])
})

test('each alert has a switch of its own, named as it is', async () => {
  const alertsOf = async (alerts: Record<string, boolean>) => {
    const rendering = { values: { ...values, prometheusRule: { enabled: true, alerts } } }
    const rule = (await render(rendering)).find(({ kind }) => kind === 'PrometheusRule')
    return (at(rule, 'spec.groups.0.rules') as Rule[]).map(({ alert }) => alert)
  }
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
