import type { AnyCapability } from './capability.ts'
import type { Step } from './step.ts'

/** A capability wants to write a status annotation that is not its own. */
export class ForeignStatusKeyError extends Error {
  override readonly name = 'ForeignStatusKeyError'
}

type Owner = Pick<AnyCapability, 'name' | 'ownKeys'>

/**
 * Phase, reason and message are the upload's: what another capability wrote there would be a lie about it.
 *
 * @throws ForeignStatusKeyError where a step has anything written that is not the capability's own
 */
export function checkOwnKeys({ name, ownKeys }: Owner, step: Step): void {
  const foreign = writtenBy(step).find((key) => !ownKeys.has(key))
  if (foreign !== undefined) throw new ForeignStatusKeyError(`${name} does not own ${foreign}`)
}

/** @throws ForeignStatusKeyError where two capabilities name the same annotation as their own */
export function checkDistinctKeys(owners: readonly Owner[]): void {
  const names = new Map<string, string>()
  for (const { name, ownKeys } of owners) {
    for (const key of ownKeys) {
      const other = names.get(key)
      if (other !== undefined) throw new ForeignStatusKeyError(`${other} and ${name} both own ${key}`)
      names.set(key, name)
    }
  }
}

function writtenBy(step: Step): string[] {
  if (step.kind === 'WriteFirst') return Object.keys(step.slice)
  if (step.kind === 'Report') return Object.keys(step.outcome.slice)
  return 'meanwhile' in step && step.meanwhile ? Object.keys(step.meanwhile.slice) : []
}
