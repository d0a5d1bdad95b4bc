import type { AuditEvent } from '../control-plane/audit.ts'
import type { Call } from '../simulator/call-log.ts'
import type { BenchWorld } from './bench-world.ts'
import { median } from './statistics.ts'

/** One Secret of an idle operator. Times are of performance.now, ms. */
export interface Sync {
  readonly name: string
  /** The API server's answer to the write. */
  readonly written: number
  /** A watch showed the id. */
  readonly readable: number
}

/** What ended when, on one clock, ms. */
type Trace = readonly (readonly [hop: string, endedAt: number])[]

/**
 * The way of a Secret hop by hop: what takes how long, ms, the middle of all Secrets. Taken from the audit log, the calls
 * that the simulator saw and the benchmark's own watch: the operator runs as it is. Secrets that went another way than
 * most, as after a conflict, are left out.
 */
export async function medianHops(world: BenchWorld, syncs: readonly Sync[]): Promise<[string, number][]> {
  const events = await world.auditEvents({ resource: 'secrets', verb: ['get', 'patch'] })
  const calls = await world.simulator.calls('UploadCertificate')
  const traces = syncs.map((sync) => {
    const own = events.filter((it) => it.objectRef?.name === sync.name)
    const call = calls.find((it) => it.alias?.endsWith(`/${sync.name}`))
    const seen = world.ids.seenAt(sync.name) ?? Number.NaN
    return [
      ['', sync.written],
      ['until a watch shows the Secret', seen],
      ...own.flatMap(requestHops),
      ...(call ? callHops(call, clockOffset(calls)) : []),
      ['until a watch shows the id', sync.readable],
    ] satisfies Trace
  })
  return mediansOf(traces.map((it) => it.toSorted(([, a], [, b]) => a - b)))
}

/** Of those that have the hops of most: how long each hop took, ms. */
export function mediansOf(traces: readonly Trace[]): [string, number][] {
  const wayOf = (trace: Trace) => trace.map(([hop]) => hop).join('\n')
  const byWay = Map.groupBy(traces, wayOf)
  const [most = []] = [...byWay.values()].sort((a, b) => b.length - a.length)
  const hops = most[0]?.slice(1) ?? []
  return hops.map(([hop], index) => [
    hop,
    median(most.map((trace) => endOf(trace, index + 1) - endOf(trace, index))),
  ])
}

function endOf(trace: Trace, index: number): number {
  return trace[index]?.[1] ?? Number.NaN
}

function requestHops({ verb, requestReceivedTimestamp, stageTimestamp }: AuditEvent): Trace {
  const what = verb.toUpperCase()
  return [
    [`operator, until ${what} arrives`, onOurClock(requestReceivedTimestamp)],
    [`API server: ${what}`, onOurClock(stageTimestamp)],
  ]
}

function callHops({ arrivedMs, finishedMs = Number.NaN }: Call, offset: number): Trace {
  return [
    ['operator, until UploadCertificate arrives', arrivedMs + offset],
    ['service: UploadCertificate', finishedMs + offset],
  ]
}

/** A time of the audit log, which has microseconds, on the clock of performance.now. */
function onOurClock(timestamp: string): number {
  const [, seconds = '', fraction = ''] = /^(.*)\.(\d+)Z$/.exec(timestamp) ?? []
  return Date.parse(`${seconds}Z`) + Number(`0.${fraction}`) * 1_000 - performance.timeOrigin
}

/** What to add to the simulator's clock. Its wall clock has whole milliseconds: of many, one was cut by next to nothing. */
function clockOffset(calls: readonly Call[]): number {
  const offsets = calls.map((it) => Date.parse(it.arrivedAt) - it.arrivedMs)
  return Math.max(...offsets) - performance.timeOrigin
}
