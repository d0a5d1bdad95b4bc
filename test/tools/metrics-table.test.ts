import { expect, test } from 'vitest'
import { metricsTable } from './metrics-table.ts'

test('every metric is listed with its type and labels, and none of the process', () => {
  const rows = metricsTable()
  const row = (name: string) => rows.find((it) => it.name === `tencent_cert_sync_${name}`)
  expect(row('uploads_total')).toMatchObject({ type: 'counter', labels: ['result', 'code'] })
  expect(row('upload_duration_seconds')).toMatchObject({ type: 'histogram' })
  expect(row('oldest_unsynced_seconds')).toMatchObject({ type: 'gauge', labels: [] })
  expect(row('secret_phase')?.labels).toEqual(['namespace', 'name', 'phase', 'reason'])
  for (const { name, help } of rows) {
    expect(name).toMatch(/^tencent_cert_sync_/)
    expect(help).toMatch(/\.$/)
  }
})
