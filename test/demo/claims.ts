import { chainTagOf } from '../simulator/chain-tag.ts'
import type { CertificateView } from '../simulator/server.ts'
import { describeStatus, type Evidence, idsOf, saysWhatItShould, statusOf } from './evidence.ts'
import type { Member } from './member.ts'
import { clusterName, namespace } from './stage.ts'

/** Something that the operator promises, held against the world. */
export interface Claim {
  /** A sentence without a full stop. */
  readonly promise: string
  /** What contradicts it; empty where it holds. */
  readonly broken: readonly string[]
}

// What holds at any time at which nobody waits for anything. Numbers: the invariants in CONTRIBUTING.md.

/** I6: a status names the certificate that the Secret holds, and the account holds it under that id. */
export function everyStatusIsTrue(evidence: Evidence): Claim {
  const synced = evidence.members.filter(({ expected }) => expected.phase === 'Synced')
  const isTrue = (member: Member) => {
    const { uploaded } = statusOf(evidence, member.name)
    const held = evidence.certificates.find(({ id }) => id === uploaded?.certificateId)
    return (
      saysWhatItShould(evidence, member) &&
      held?.chainFingerprint === member.chain &&
      held?.leafFingerprint === uploaded?.fingerprint &&
      uploaded?.account === evidence.accountName
    )
  }
  return {
    promise: `Each of ${synced.length} valid Secrets names the id of exactly its certificate`,
    broken: synced.filter((it) => !isTrue(it)).map(({ name }) => describeStatus(evidence, name)),
  }
}

/** I1. */
export function noCertificateTwice({ certificates }: Pick<Evidence, 'certificates'>): Claim {
  const copies = Map.groupBy(
    certificates,
    ({ account, chainFingerprint }) => `${account} ${chainFingerprint}`,
  )
  return {
    promise: `No certificate exists twice: ${certificates.length} ids for ${copies.size} certificates`,
    broken: [...copies.values()]
      .filter((it) => it.length > 1)
      .map((it) => it.map(({ id }) => id).join(' = ')),
  }
}

/** I11: the tags of a certificate name this cluster, a Secret that has or had its id, and the chain that is held. */
export function everyCertificateIsTagged(evidence: Pick<Evidence, 'certificates' | 'annotations'>): Claim {
  const { certificates, annotations } = evidence
  const isTagged = ({ id, chainFingerprint, tags }: CertificateView) => {
    const values = new Map(tags.map(({ TagKey, TagValue }) => [TagKey, TagValue]))
    const owners = [...annotations.keys()].filter((name) => idsOf(evidence, name).includes(id))
    return (
      values.get('cert-sync/cluster') === clusterName &&
      owners.some((name) => values.get('cert-sync/secret') === `${namespace}/${name}`) &&
      chainTagOf(tags)?.chainFingerprint === chainFingerprint
    )
  }
  return {
    promise: `Each of ${certificates.length} certificates is tagged with its cluster, Secret and chain`,
    broken: certificates
      .filter((it) => !isTagged(it))
      .map(
        ({ id, tags }) => `${id}: ${tags.map(({ TagKey, TagValue }) => `${TagKey}=${TagValue}`).join(' ')}`,
      ),
  }
}

/** I2. */
export function neverTooFast({ maxInAnySecond }: Pick<Evidence, 'maxInAnySecond'>): Claim {
  return {
    promise: `Never more than 10 uploads in any second: at most ${maxInAnySecond} arrived in one`,
    broken: maxInAnySecond <= 10 ? [] : [`${maxInAnySecond} in one second`],
  }
}

/** I3. @param places everything that the operator has written: where -> what */
export function noKeyIsAnywhere(members: readonly Member[], places: Readonly<Record<string, string>>): Claim {
  // From within a key: the first lines are alike in keys of one kind.
  const lines = members.flatMap(({ data }) => (data['tls.key'] ?? '').trim().split('\n').slice(2, -1))
  const canaries = lines.filter((line) => line.length >= 40)
  return {
    promise: `No line of a private key is in ${Object.keys(places).join(', ')}`,
    broken: Object.entries(places)
      .filter(([, text]) => canaries.some((canary) => text.includes(canary)))
      .map(([place]) => place),
  }
}
