import { userKeys } from '../../src/contract/annotation-keys.ts'
import type { Claim } from './claims.ts'
import { describeStatus, type Evidence, saysWhatItShould, sentOnes, statusOf, uploads } from './evidence.ts'
import type { Member } from './member.ts'

/** Secrets with one certificate have one id, which took one upload. */
export function sharedOnesAreUploadedOnce(evidence: Evidence, names: readonly string[]): Claim {
  const ids = new Set(names.map((name) => statusOf(evidence, name).uploaded?.certificateId))
  const leaf = evidence.members.find(({ name }) => name === names[0])?.leaf
  const count = uploads(evidence).filter(({ leafFingerprint }) => leafFingerprint === leaf).length
  return {
    promise: 'Two Secrets with the same certificate share one id, from one upload',
    broken: ids.size === 1 && !ids.has(undefined) && count === 1 ? [] : [`${count} uploads, ${[...ids]}`],
  }
}

/** What is provably wrong costs no call, and the Secret says what is wrong. */
export function brokenOnesAreReported(evidence: Evidence): Claim {
  const { count, broken } = outcomesWithoutCalls(evidence, 'Rejected')
  return { promise: `${count} unusable Secrets say what is wrong with them, and were never sent`, broken }
}

export function temporaryOnesWait(evidence: Evidence): Claim {
  const { broken } = outcomesWithoutCalls(evidence, 'Pending')
  return { promise: 'A temporary certificate of cert-manager waits, and was never sent', broken }
}

/** I10; a paused Secret may be read, but not written. */
export function othersAreLeftAlone(evidence: Evidence): Claim {
  const others = evidence.members.filter(({ expected }) => expected.phase === 'none')
  const touched = others.filter((member) => {
    const reading = member.annotations[userKeys.upload] === 'true' ? 'get' : undefined
    return evidence.requests.some((it) => it.objectRef?.name === member.name && it.verb !== reading)
  })
  const broken = [...touched, ...wrong(evidence, others), ...sentOnes(evidence, others)]
  return {
    promise: 'A Secret without opt-in was not even read, a paused one not written',
    broken: [...new Set(broken)].map(({ name }) => describeStatus(evidence, name)),
  }
}

function outcomesWithoutCalls(evidence: Evidence, phase: 'Rejected' | 'Pending') {
  const members = evidence.members.filter(({ expected }) => expected.phase === phase)
  const broken = new Set([...wrong(evidence, members), ...sentOnes(evidence, members)])
  return { count: members.length, broken: [...broken].map(({ name }) => describeStatus(evidence, name)) }
}

function wrong(evidence: Evidence, members: readonly Member[]): Member[] {
  return members.filter((member) => !saysWhatItShould(evidence, member))
}
