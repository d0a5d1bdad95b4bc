import { describe, expect, it } from 'vitest'
import type { Gauges } from '../ports/metrics.ts'
import { PrometheusMetrics } from './prometheus-metrics.ts'

const gauges: Gauges = {
  queueDepths: () => ({ work: 3, UploadCertificate: 600 }),
  oldestUnsyncedMs: () => 1_500,
  watchAgeMs: () => 60_000,
  unreadableNamespaces: () => ['blog'],
  slots: () => 5,
  leading: () => true,
  heldReasons: () => ['NotAllowed'],
  serviceSilent: () => true,
  inventoryOverdue: () => true,
  certificates: () => ({ current: 3, superseded: 2, orphaned: 1, unowned: 0 }),
}

const facts = {
  notAfter: Date.UTC(2027, 0, 1),
  uploadedNotAfter: Date.UTC(2026, 11, 1),
  phase: 'Synced',
  reason: 'CertificateUploaded',
}

const create = () => new PrometheusMetrics({ version: '1.2.3', processMetrics: false })

/** The series that are shown, without the prefix and comments; of one name where it is given. */
async function series(metrics: PrometheusMetrics, name = ''): Promise<string[]> {
  const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return lines.map((line) => line.replace(/^tencent_cert_sync_/, '')).filter((line) => line.startsWith(name))
}

describe('what is counted', () => {
  it('counts calls of the service by action, result and code, and uploads once more', async () => {
    const metrics = create()
    const upload = { action: 'UploadCertificate', durationMs: 300 } as const
    metrics.serviceCall({ ...upload, result: 'success', code: '' })
    metrics.serviceCall({ ...upload, result: 'success', code: '' })
    metrics.serviceCall({ ...upload, result: 'throttled', code: 'LimitExceeded.RateLimitExceeded' })
    metrics.serviceCall({ action: 'DescribeCertificates', result: 'outage', code: 'HTTP503', durationMs: 10 })
    expect(await series(metrics, 'service_calls_total')).toEqual([
      'service_calls_total{action="UploadCertificate",result="success",code=""} 2',
      'service_calls_total{action="UploadCertificate",result="throttled",code="LimitExceeded.RateLimitExceeded"} 1',
      'service_calls_total{action="DescribeCertificates",result="outage",code="HTTP503"} 1',
    ])
    expect(await series(metrics, 'uploads_total')).toEqual([
      'uploads_total{result="success",code=""} 2',
      'uploads_total{result="throttled",code="LimitExceeded.RateLimitExceeded"} 1',
    ])
  })

  it('measures uploads in seconds', async () => {
    const metrics = create()
    metrics.serviceCall({ action: 'UploadCertificate', result: 'success', code: '', durationMs: 310 })
    metrics.serviceCall({ action: 'CheckCertificateExist', result: 'success', code: '', durationMs: 9_000 })
    expect(await series(metrics, 'upload_duration_seconds')).toEqual(
      expect.arrayContaining([
        'upload_duration_seconds_bucket{le="0.3",result="success"} 0',
        'upload_duration_seconds_bucket{le="0.5",result="success"} 1',
        'upload_duration_seconds_bucket{le="+Inf",result="success"} 1',
        'upload_duration_seconds_sum{result="success"} 0.31',
        'upload_duration_seconds_count{result="success"} 1',
      ]),
    )
  })

  it('does not take any text for a code', async () => {
    const metrics = create()
    const codes = ['<html>502</html>', 'a b', 'x'.repeat(101)]
    for (const code of codes) {
      metrics.serviceCall({ action: 'UploadCertificate', result: 'unknown', code, durationMs: 1 })
    }
    expect(await series(metrics, 'uploads_total{result="unknown"')).toEqual([
      'uploads_total{result="unknown",code="Malformed"} 3',
    ])
  })

  it('counts reconciles, status writes, relists, watches and dry runs', async () => {
    const metrics = create()
    metrics.reconciled('upload', 'UploadCertificate')
    metrics.reconcileTook(20)
    metrics.reconciled('upload', 'Synced')
    metrics.reconcileTook(4)
    metrics.statusWrite('written')
    metrics.relisted('Expired')
    metrics.watchOpened()
    metrics.wouldDo('Upload')
    expect(await series(metrics)).toEqual(
      expect.arrayContaining([
        'reconcile_total{capability="upload",step="UploadCertificate"} 1',
        'reconcile_total{capability="upload",step="Synced"} 1',
        'reconcile_duration_seconds_sum 0.024',
        'reconcile_duration_seconds_count 2',
        'status_writes_total{result="written"} 1',
        'relists_total{reason="Expired"} 1',
        'watches_opened_total 1',
        'dry_run_total{step="Upload"} 1',
      ]),
    )
  })

  it('shows at zero what alerts watch for, before it happens', async () => {
    expect(await series(create())).toEqual(
      expect.arrayContaining([
        'uploads_total{result="success",code=""} 0',
        'status_writes_total{result="refused"} 0',
        'relists_total{reason="Error"} 0',
        'watches_opened_total 0',
      ]),
    )
  })

  it('tells the version', async () => {
    expect(await series(create(), 'build_info')).toEqual(['build_info{version="1.2.3"} 1'])
  })
})

describe('what is read when somebody looks', () => {
  it('shows the gauges in base units', async () => {
    const metrics = create()
    metrics.show(gauges)
    expect(await series(metrics)).toEqual(
      expect.arrayContaining([
        'queue_depth{queue="work"} 3',
        'queue_depth{queue="UploadCertificate"} 600',
        'oldest_unsynced_seconds 1.5',
        'watch_age_seconds 60',
        'namespace_unreadable{namespace="blog"} 1',
        'upload_slots 5',
        'leader 1',
        'account_held{reason="CredentialsRefused"} 0',
        'account_held{reason="NotAllowed"} 1',
        'service_silent 1',
        'account_certificates{state="current"} 3',
        'account_certificates{state="unowned"} 0',
        'inventory_overdue 1',
      ]),
    )
  })

  it('shows no certificates before the first inventory', async () => {
    const metrics = create()
    metrics.show({ ...gauges, certificates: () => undefined })
    expect(await series(metrics, 'account_certificates')).toEqual([])
  })

  it('reads them anew each time, and drops queues that are gone', async () => {
    const metrics = create()
    let depths: Record<string, number> = { work: 1, lane: 2 }
    let held = ['CredentialsRefused']
    const leading = () => held.length > 0
    metrics.show({ ...gauges, queueDepths: () => depths, heldReasons: () => held, leading })
    expect(await series(metrics, 'queue_depth')).toHaveLength(2)
    depths = { work: 7 }
    held = []
    expect(await series(metrics, 'queue_depth')).toEqual(['queue_depth{queue="work"} 7'])
    expect(await series(metrics, 'account_held')).toEqual([
      'account_held{reason="CredentialsRefused"} 0',
      'account_held{reason="NotAllowed"} 0',
      'account_held{reason="AccountChanged"} 0',
    ])
    expect(await series(metrics, 'leader')).toEqual(['leader 0'])
  })
})

describe('the series of a Secret', () => {
  it('show both expiries in seconds, and one phase with its reason', async () => {
    const metrics = create()
    metrics.secret('shop/tls', facts)
    expect(await series(metrics, 'secret_')).toEqual([
      'secret_not_after_timestamp_seconds{namespace="shop",name="tls"} 1798761600',
      'secret_phase{namespace="shop",name="tls",phase="Synced",reason="CertificateUploaded"} 1',
    ])
    expect(await series(metrics, 'uploaded_')).toEqual([
      'uploaded_not_after_timestamp_seconds{namespace="shop",name="tls"} 1796083200',
    ])
  })

  it('replace the ones before: never two phases, no expiry that is not known any more', async () => {
    const metrics = create()
    metrics.secret('shop/tls', facts)
    metrics.secret('shop/tls', { ...facts, reason: 'CertificateAdopted' })
    metrics.secret('shop/tls', {
      notAfter: undefined,
      uploadedNotAfter: undefined,
      phase: 'Rejected',
      reason: 'KeyMismatch',
    })
    expect([...(await series(metrics, 'secret_')), ...(await series(metrics, 'uploaded_'))]).toEqual([
      'secret_phase{namespace="shop",name="tls",phase="Rejected",reason="KeyMismatch"} 1',
    ])
  })

  it('disappear with the Secret, and only its own', async () => {
    const metrics = create()
    metrics.secret('shop/tls', facts)
    metrics.secret('shop/tls-2', facts)
    metrics.forgetSecret('shop/tls')
    metrics.forgetSecret('never/seen')
    expect((await metrics.text()).match(/name="tls"/g)).toBeNull()
    expect((await metrics.text()).match(/name="tls-2"/g)).toHaveLength(3)
    metrics.forgetSecret('shop/tls-2')
    expect(await metrics.text()).not.toContain('namespace=')
  })
})

describe('the page of metrics', () => {
  /** Name, type and help text of everything the page declares. */
  async function declarations() {
    const metrics = create()
    metrics.show(gauges)
    metrics.secret('shop/tls', facts)
    const text = await metrics.text()
    const types = new Map(
      [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name ?? '', type]),
    )
    const helps = new Map(
      [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name, help]) => [name ?? '', help]),
    )
    return { text, types, helps }
  }

  it('has a sentence of help for every metric', async () => {
    const { types, helps } = await declarations()
    expect([...helps.keys()]).toEqual([...types.keys()])
    for (const help of helps.values()) expect(help).toMatch(/^[A-Z0-9].{10,}\.$/)
  })

  it('follows the naming of Prometheus: a prefix, base units, counters end in _total', async () => {
    const { types } = await declarations()
    expect(types.size).toBeGreaterThanOrEqual(18)
    for (const [name, type] of types) {
      expect(name).toMatch(/^tencent_cert_sync_[a-z]+(_[a-z]+)*$/)
      expect(name.endsWith('_total')).toBe(type === 'counter')
      if (type === 'histogram') expect(name).toMatch(/_seconds$/)
      expect(name).not.toMatch(/_(ms|milliseconds|minutes|hours|count|sum|bucket)$/)
      if (/duration|age|timestamp|oldest/.test(name)) expect(name).toMatch(/_seconds$/)
    }
  })

  it('is made of well-formed lines, each under its declaration', async () => {
    const { text, types } = await declarations()
    for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
      const name = /^([a-z_]+)(\{([a-z]+="[^"\n]*",?)*\})? -?[\d.e+]+$/.exec(line)?.[1]
      expect(name, line).toBeDefined()
      expect(types.has(name?.replace(/_(bucket|sum|count)$/, '') ?? ''), line).toBe(true)
    }
  })

  it('shows memory and CPU of the process when asked to', async () => {
    const metrics = new PrometheusMetrics({ version: '1.2.3' })
    const text = await metrics.text()
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m)
    expect(text).toMatch(/^process_cpu_seconds_total /m)
    expect(await create().text()).not.toContain('process_')
    expect(metrics.contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
  })
})
