import type { Claim } from './claims.ts'
import { type Evidence, idsOf, statusOf, uploads, writesSince } from './evidence.ts'

/** The ids of certificates that no Secret names, neither as its own nor as an earlier one. */
export function unnamedIds(evidence: Pick<Evidence, 'certificates' | 'annotations'>): string[] {
  const named = new Set([...evidence.annotations.keys()].flatMap((name) => idsOf(evidence, name)))
  return evidence.certificates.map(({ id }) => id).filter((id) => !named.has(id))
}

/** The kill really came at the worst moment: the cloud had stored what nobody had written down. */
export function killedInTheMiddle(lost: readonly string[]): Claim {
  return {
    promise: `SIGKILL hit while the cloud held ${lost.length} certificates with unrecorded ids`,
    broken: lost.length > 0 ? [] : ['every id had been written down'],
  }
}

/** I1 after a crash: what the cloud had stored is taken over. @param lost ids that no Secret named */
export function lostOnesAreFoundAgain(evidence: Evidence, lost: readonly string[]): Claim {
  const names = [...evidence.annotations.keys()]
  const found = new Set(names.map((name) => statusOf(evidence, name).uploaded?.certificateId))
  return {
    promise: `After the restart these ${lost.length} ids were found again and are on their Secrets`,
    broken: lost.filter((id) => !found.has(id)),
  }
}

/** I9. */
export function endsInOrder(exitCode: number | null): Claim {
  return {
    promise: 'SIGTERM ends the operator cleanly, with exit code 0',
    broken: exitCode === 0 ? [] : [exitCode === null ? 'it had to be killed' : `exit code ${exitCode}`],
  }
}

/** I12. The inventory's lookups are no part of it. */
export function restartCostsNothing(before: Evidence, after: Evidence): Claim {
  const uploaded = uploads(after).length - uploads(before).length
  const written = writesSince(before, after).length
  return {
    promise: 'A restart with everything synced uploads nothing and writes nothing',
    broken: uploaded + written === 0 ? [] : [`${uploaded} uploads, ${written} writes to Secrets`],
  }
}
