import { pino } from 'pino'
import { PinoPretty } from 'pino-pretty'
import { type Clock, systemClock } from '../clock.ts'
import type { LogFormat, LogLevel } from '../config.ts'
import type { Log, LogFields } from '../ports/log.ts'
import { redact } from './redact.ts'

export interface LoggerOptions {
  readonly level: LogLevel
  readonly format: LogFormat
  /** Gets each line with its line feed. Standard output by default, written before the call returns. */
  readonly destination?: { write(line: string): void }
  readonly clock?: Clock
}

/**
 * A Log that writes a line per call: `level` as a word, `time` as RFC 3339, the fields, `msg`. Fields that are not
 * on the list, or not of their type, are left out; texts are bounded.
 */
export function createLogger(options: LoggerOptions): Log {
  const { level, format, clock = systemClock } = options
  // Synchronous: the last lines before a crash are the ones that are wanted. No worker threads.
  const output = options.destination ?? pino.destination({ fd: 1, sync: true })
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    format === 'pretty' ? prettified(output, options.destination === undefined) : output,
  )
  const write = (of: LogLevel) => (fields: LogFields, message: string) => {
    if (logger.isLevelEnabled(of)) logger[of](allowed(fields), redact(message))
  }
  return {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  }
}

/** Every field there is, and its type. */
const types = {
  namespace: 'string',
  name: 'string',
  fingerprint: 'string',
  certificateId: 'string',
  account: 'string',
  reason: 'string',
  phase: 'string',
  capability: 'string',
  step: 'string',
  steps: 'string',
  attemptId: 'string',
  wokenBy: 'string',
  action: 'string',
  code: 'string',
  requestId: 'string',
  attempt: 'number',
  until: 'string',
  durationMs: 'number',
  count: 'number',
  slots: 'number',
  resourceVersion: 'string',
  status: 'number',
  address: 'string',
  lease: 'string',
  holder: 'string',
  version: 'string',
  dryRun: 'boolean',
  error: 'string',
} as const satisfies Record<keyof LogFields, 'string' | 'number' | 'boolean'>

function allowed(fields: LogFields): Record<string, string | number | boolean> {
  const result: Record<string, string | number | boolean> = {}
  for (const [name, type] of Object.entries(types)) {
    const value: unknown = fields[name as keyof LogFields]
    if (type === 'string' && typeof value === 'string') result[name] = redact(value)
    if (type === 'number' && typeof value === 'number' && Number.isFinite(value)) result[name] = value
    if (type === 'boolean' && typeof value === 'boolean') result[name] = value
  }
  return result
}

/** For people: time, level, namespace/name, message, then the other fields. */
function prettified(output: { write(line: string): void }, terminal: boolean): { write(line: string): void } {
  const pretty = PinoPretty.prettyFactory({
    colorize: terminal && process.stdout.isTTY && PinoPretty.isColorSupported,
    translateTime: 'HH:MM:ss.l',
    messageFormat: ({ namespace, name, msg }) =>
      [[namespace, name].filter(Boolean).join('/'), msg].filter(Boolean).join(': '),
    ignore: 'namespace,name',
    singleLine: true,
    errorLikeObjectKeys: [],
  })
  return { write: (line) => output.write(pretty(line)) }
}
