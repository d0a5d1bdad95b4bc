import { Gauge, type Registry } from '@prometheus-io/client'
import type { Metrics } from '../ports/metrics.ts'
import type { ObjectKey } from '../ports/secrets.ts'

type Facts = Parameters<Metrics['secret']>[1]

/** The series that exist once per Secret, and no longer than the Secret. */
export class SecretSeries {
  readonly #notAfter
  readonly #uploadedNotAfter
  readonly #phase
  /** What is shown, to take it away again. */
  readonly #shown = new Map<ObjectKey, Facts>()

  constructor(registry: Registry, prefix: string) {
    const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
      new Gauge({ name: `${prefix}${name}`, help, labelNames, registers: [registry] })
    this.#notAfter = gauge(
      'secret_not_after_timestamp_seconds',
      'When the certificate in the Secret expires.',
      ['namespace', 'name'],
    )
    this.#uploadedNotAfter = gauge(
      'uploaded_not_after_timestamp_seconds',
      'When the certificate expires that was uploaded for the Secret. Behind secret_not_after: a renewal is not uploaded yet.',
      ['namespace', 'name'],
    )
    this.#phase = gauge('secret_phase', 'Always 1: the phase of the Secret and the reason for it.', [
      'namespace',
      'name',
      'phase',
      'reason',
    ])
  }

  /** Replaces the series of a Secret. */
  show(key: ObjectKey, facts: Facts): void {
    const before = this.#shown.get(key)
    const secret = labels(key)
    const { phase, reason } = facts
    if (before && (before.phase !== phase || before.reason !== reason)) this.#removePhase(key, before)
    this.#phase.set({ ...secret, phase, reason }, 1)
    for (const [gauge, ms] of [
      [this.#notAfter, facts.notAfter],
      [this.#uploadedNotAfter, facts.uploadedNotAfter],
    ] as const) {
      if (ms === undefined) gauge.remove(secret)
      else gauge.set(secret, ms / 1000)
    }
    this.#shown.set(key, { ...facts })
  }

  /** Takes the series of a Secret away. */
  remove(key: ObjectKey): void {
    const before = this.#shown.get(key)
    if (before === undefined) return
    this.#removePhase(key, before)
    this.#notAfter.remove(labels(key))
    this.#uploadedNotAfter.remove(labels(key))
    this.#shown.delete(key)
  }

  #removePhase(key: ObjectKey, { phase, reason }: Facts): void {
    this.#phase.remove({ ...labels(key), phase, reason })
  }
}

function labels(key: ObjectKey): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
