#!/usr/bin/env node
import { ConfigurationError, parseConfig } from './config.ts'
import { Operator } from './operator.ts'
import { createLogger } from './telemetry/logger.ts'

/**
 * Exit codes: 0 after a signal, 1 after a failure to start or the loss of the lease, 2 for a configuration that does
 * not hold.
 */
async function main(): Promise<number> {
  const invocation = parseConfig(process.argv.slice(2), process.env)
  if (invocation.kind !== 'run') {
    process.stdout.write(invocation.text)
    return 0
  }
  const { config } = invocation
  const log = createLogger({ level: config.logLevel, format: config.logFormat })
  // Whatever escapes is a bug: the name and the place are logged, the text and the values are not (I3).
  const crash = (error: unknown) => {
    log.error({ error: whereFrom(error) }, 'unexpected error')
    process.exit(1)
  }
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)

  // Listened to from here on: as process 1 of a container, an early SIGTERM would be lost otherwise.
  const asked = new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve())
    process.once('SIGINT', () => resolve())
  })
  let operator: Operator
  try {
    operator = new Operator(config, log)
    await operator.start()
  } catch (error) {
    log.error({ error: error instanceof Error ? error.message : 'unknown error' }, 'cannot start')
    return 1
  }
  await Promise.race([asked, operator.lost])
  await operator.stop()
  return operator.hasLost ? 1 : 0
}

function whereFrom(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const places = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return [error.name, ...places.slice(0, 5).map((line) => line.trim())].join(' ')
}

try {
  process.exitCode = await main()
  // Ends by itself: process.exit() may wait for ever for a compile job of V8 (nodejs/node#54918). The timer does not keep
  // the process; it ends one that something else keeps.
  setTimeout(() => process.exit(), 1_000).unref()
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(2)
}
