import { Counter, Gauge, type Metric, Registry } from '@prometheus-io/client'
import type { Gauges } from '../../src/ports/metrics.ts'
import { PrometheusMetrics } from '../../src/telemetry/prometheus-metrics.ts'

/** One metric of the operator, as docs/reference.md shows it. */
export interface MetricRow {
  /** With the prefix. */
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  readonly help: string
}

/** All metrics of the operator, without those of the process, by name. */
export function metricsTable(): MetricRow[] {
  const rows: MetricRow[] = []
  // Labels are on no page that has no series yet, so they are read where each metric is registered.
  const register = Registry.prototype.registerMetric
  Registry.prototype.registerMetric = function (metric) {
    rows.push(rowOf(metric))
    Reflect.apply(register, this, [metric])
  }
  try {
    // Gauges are read when a page is asked for, which does not happen here.
    new PrometheusMetrics({ version: '', processMetrics: false }).show({} as Gauges)
  } finally {
    Registry.prototype.registerMetric = register
  }
  return rows.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function rowOf<T extends string>(metric: Metric<T>): MetricRow {
  const { name, help, labelNames } = metric as unknown as { name: string; help: string; labelNames: string[] }
  const type = metric instanceof Counter ? 'counter' : metric instanceof Gauge ? 'gauge' : 'histogram'
  return { name, type, labels: [...labelNames], help }
}
