import type { Claim } from './claims.ts'
import { describeStatus, type Evidence, statusOf, writesSince } from './evidence.ts'

/** A renewal gives a new id, and the one before stays on record. */
export function renewedOnesRemember(before: Evidence, after: Evidence, names: readonly string[]): Claim {
  const isWrong = (name: string) => {
    const old = statusOf(before, name).uploaded?.certificateId
    const { uploaded, previous } = statusOf(after, name)
    const id = uploaded?.certificateId
    return old === undefined || id === undefined || id === old || previous[0]?.certificateId !== old
  }
  return {
    promise: `${names.length} renewed Secrets have new ids, and remember the ones before`,
    broken: names.filter(isWrong).map((name) => describeStatus(after, name)),
  }
}

/** What could not be uploaded is, once somebody has put it right. */
export function correctedOnesAreUploaded(before: Evidence, after: Evidence, names: readonly string[]): Claim {
  const isWrong = (name: string) => {
    return statusOf(before, name).uploaded !== undefined || statusOf(after, name).phase !== 'Synced'
  }
  return {
    promise: `${names.length} Secrets that were put right were uploaded without being asked for`,
    broken: names.filter(isWrong).map((name) => describeStatus(after, name)),
  }
}

/** I5: nothing changed, nothing written. @param touched the Secrets that were changed in between */
export function nothingElseIsWritten(before: Evidence, after: Evidence, touched: readonly string[]): Claim {
  const written = new Set(
    writesSince(before, after).map(({ objectRef }) => objectRef?.name ?? 'a Secret without a name'),
  )
  return {
    promise: `The other ${after.members.length - touched.length} Secrets were not written to`,
    broken: [...written].filter((name) => !touched.includes(name)),
  }
}
