import type { HealthCheck } from '../ports/health-check.ts'
import type { Route } from './http-server.ts'

/**
 * A probe over some checks: 200 `ok` when none has a problem, else 503 with a line for each that has.
 * With `?verbose`, a line for each check.
 */
export function probe(checks: readonly HealthCheck[]): Route {
  return (query) => {
    const results = checks.map((check) => ({ name: check.name, problem: problemOf(check) }))
    const failing = results.filter(({ problem }) => problem !== undefined)
    const lines = (query.has('verbose') ? results : failing).map(({ name, problem }) =>
      problem === undefined ? `${name}: ok` : `${name}: ${problem}`,
    )
    if (failing.length === 0) lines.push('ok')
    return { status: failing.length === 0 ? 200 : 503, body: `${lines.join('\n')}\n` }
  }
}

/** A check that fails to check has a problem. */
function problemOf(check: HealthCheck): string | undefined {
  try {
    return check.problem()
  } catch {
    return 'the check itself failed'
  }
}
