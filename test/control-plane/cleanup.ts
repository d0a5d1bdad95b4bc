type Cleanup = () => void

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const cleanups = new Set<Cleanup>()

/**
 * Runs `cleanup` (synchronous, must not throw) when this process ends while it is still registered: at exit, after an
 * uncaught exception, and at SIGINT, SIGTERM or SIGHUP that nobody else handles (the process then ends by that signal).
 * Where someone else handles the signal, they decide when to exit.
 * @returns a function that takes the registration back.
 */
export function atProcessEnd(cleanup: Cleanup): () => void {
  if (cleanups.size === 0) {
    process.on('exit', runAll)
    for (const signal of signals) process.on(signal, onSignal)
  }
  cleanups.add(cleanup)
  return () => {
    if (!cleanups.delete(cleanup) || cleanups.size > 0) return
    process.off('exit', runAll)
    for (const signal of signals) process.off(signal, onSignal)
  }
}

function runAll(): void {
  for (const cleanup of cleanups) cleanup()
}

function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) - 1 > tidyingListeners()) return
  runAll()
  process.off(signal, onSignal)
  process.kill(process.pid, signal)
}

/**
 * Copies of the package signal-exit (in proper-lockfile, in log-update) listen to every signal, tidy up, and leave it
 * to others to exit. Each of its two versions counts its listeners where everybody can see them.
 */
function tidyingListeners(): number {
  const emitters: unknown[] = [
    Reflect.get(process, '__signal_exit_emitter__'),
    Reflect.get(globalThis, Symbol.for('signal-exit emitter')),
  ]
  return emitters.reduce(
    (sum: number, emitter) => sum + ((emitter as { count?: number } | undefined)?.count ?? 0),
    0,
  )
}
