import CliTable from 'cli-table3'
import type { AuditEvent } from '../control-plane/audit.ts'
import type { Call } from '../simulator/call-log.ts'
import { maxInAnySecond } from '../simulator/rate-limit.ts'
import { borderless, plainStyle } from './borderless.ts'
import type { Evidence } from './evidence.ts'
import { seconds } from './row-text.ts'
import { bold, dim } from './style.ts'

/** What a summary is made of, besides the state of the world. */
export interface Numbers {
  /** ms from the write of a Secret until its id was readable, while nothing was in the way. */
  readonly latencies: readonly number[]
  /** How long the simulated service works on a call, ms. */
  readonly serviceMs: number
  /** How long it all took, ms. */
  readonly tookMs: number
}

/** What was counted on both sides, as lines. */
export function summarize(evidence: Evidence, numbers: Numbers): string[] {
  const { certificates, calls, requests } = evidence
  const { latencies, serviceMs, tookMs } = numbers
  return [
    bold('What the simulated cloud counted'),
    ...callTable(calls).map((line) => `   ${line}`),
    `   ${certificates.length} certificates in the account`,
    '',
    bold('What the API server counted'),
    `   ${requestCounts(requests)}`,
    '',
    bold('Secret written -> CertificateId readable'),
    `   median ${seconds(median(latencies))}, slowest ${seconds(Math.max(0, ...latencies))}`,
    dim(
      `   ${latencies.length} uploads before the kill; a call takes ${seconds(serviceMs)}, 10 a second are allowed`,
    ),
    '',
    dim(`All of it took ${seconds(tookMs)}.`),
  ]
}

function callTable(calls: readonly Call[]): string[] {
  const table = new CliTable({
    head: ['ACTION', 'CALLS', 'NEW ID', 'KNOWN ID', 'REFUSED', 'MAX. IN A SECOND'].map(dim),
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    chars: borderless('  '),
    style: plainStyle,
  })
  const firstCalls = new Map<string, Call>()
  for (const call of calls) {
    const { certificateId } = call
    if (certificateId !== undefined && !firstCalls.has(certificateId)) firstCalls.set(certificateId, call)
  }
  for (const [action, ofAction] of Map.groupBy(calls, (call) => call.action)) {
    const named = ofAction.filter(({ certificateId }) => certificateId !== undefined)
    const first = named.filter((call) => firstCalls.get(call.certificateId ?? '') === call)
    table.push([
      action,
      ofAction.length,
      first.length,
      named.length - first.length,
      ofAction.filter(({ result }) => result !== 'Success').length,
      maxInAnySecond(ofAction.map(({ arrivedMs }) => arrivedMs)),
    ])
  }
  return table.toString().split('\n')
}

/** `71 GET, 57 PATCH, 3 WATCH of Secrets, by the operator` */
function requestCounts(requests: readonly AuditEvent[]): string {
  const byVerb = Map.groupBy(requests, ({ verb }) => verb)
  const counts = [...byVerb].map(([verb, ofVerb]) => `${ofVerb.length} ${verb.toUpperCase()}`)
  return `${counts.sort().join(', ')} of Secrets, by the operator`
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
