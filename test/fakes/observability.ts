import type { EventRecorder } from '../../src/ports/events.ts'
import type { Log, LogFields } from '../../src/ports/log.ts'
import type { Metrics } from '../../src/ports/metrics.ts'
import type { ObjectKey } from '../../src/ports/secrets.ts'

export type RecordedEvent = Parameters<EventRecorder['record']>[0]

/** The Events of all Secrets, in order. */
export class FakeEvents implements EventRecorder {
  readonly all: RecordedEvent[] = []

  record(event: RecordedEvent): void {
    this.all.push(event)
  }

  reasons(key: ObjectKey): string[] {
    return this.all
      .filter(({ secret }) => `${secret.namespace}/${secret.name}` === key)
      .map(({ reason }) => reason)
  }
}

/** Metrics as somebody who scrapes them sees them. */
export class FakeMetrics implements Metrics {
  /** How often each step was taken. */
  readonly reconciles = new Map<string, number>()
  readonly calls = new Map<string, number>()
  readonly writes = new Map<string, number>()
  readonly wouldHaveDone = new Map<string, number>()
  /** The series of each Secret. */
  readonly secrets = new Map<ObjectKey, Parameters<Metrics['secret']>[1]>()

  serviceCall(call: Parameters<Metrics['serviceCall']>[0]): void {
    increment(this.calls, `${call.action} ${call.result}`)
  }

  reconciled(_capability: string, step: string): void {
    increment(this.reconciles, step)
  }

  reconcileTook(): void {}

  statusWrite(result: Parameters<Metrics['statusWrite']>[0]): void {
    increment(this.writes, result)
  }

  relisted(): void {}

  watchOpened(): void {}

  wouldDo(step: string): void {
    increment(this.wouldHaveDone, step)
  }

  secret(key: ObjectKey, facts: Parameters<Metrics['secret']>[1]): void {
    this.secrets.set(key, facts)
  }

  forgetSecret(key: ObjectKey): void {
    this.secrets.delete(key)
  }
}

export interface LogLine {
  readonly level: keyof Log
  readonly fields: LogFields
  readonly message: string
}

/** The log, line by line. */
export class FakeLog implements Log {
  readonly lines: LogLine[] = []
  readonly trace = this.#at('trace')
  readonly debug = this.#at('debug')
  readonly info = this.#at('info')
  readonly warn = this.#at('warn')
  readonly error = this.#at('error')

  reasons(): (string | undefined)[] {
    return this.lines.map((it) => it.fields.reason)
  }

  #at(level: keyof Log) {
    return (fields: LogFields, message: string) => {
      this.lines.push({ level, fields, message })
    }
  }
}

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
