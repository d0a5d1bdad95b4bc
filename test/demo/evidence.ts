import { readStatus, type Status } from '../../src/contract/status.ts'
import type { AuditEvent } from '../control-plane/audit.ts'
import type { Call } from '../simulator/call-log.ts'
import type { CertificateView } from '../simulator/server.ts'
import { type Board, isSettled } from './board.ts'
import type { Member } from './member.ts'
import { namespace, type Stage } from './stage.ts'

/** The state of the world at one moment, as anybody can see it from outside. */
export interface Evidence {
  /** When it was gathered, ms since the Unix epoch. */
  readonly at: number
  /** What was last written into the Secrets. */
  readonly members: readonly Member[]
  /** The annotations of each Secret, read from the API server just now. */
  readonly annotations: ReadonlyMap<string, Readonly<Record<string, string>>>
  /** The `account` that a true status names. */
  readonly accountName: string
  /** What the simulated account holds. */
  readonly certificates: readonly CertificateView[]
  /** Every call that reached the simulated service. */
  readonly calls: readonly Call[]
  /** The most UploadCertificate calls within any exact second. */
  readonly maxInAnySecond: number
  /** From the API server's audit log: what the operator asked about Secrets, oldest first. */
  readonly requests: readonly AuditEvent[]
}

/** Looks at the world. */
export async function gather(stage: Stage, board: Board): Promise<Evidence> {
  const { simulator, controlPlane, account } = stage
  const at = Date.now()
  const secrets = await controlPlane.admin.listSecrets(namespace)
  return {
    at,
    members: board.members,
    annotations: new Map(secrets.map(({ metadata }) => [metadata.name, metadata.annotations ?? {}])),
    accountName: `default@${simulator.host}`,
    certificates: simulator.certificates(),
    calls: simulator.calls(),
    maxInAnySecond: simulator.maxInAnySecond('UploadCertificate'),
    requests: await controlPlane.auditEvents({ user: account.user, resource: 'secrets' }),
  }
}

/** The operator's annotations on a Secret, read as the operator reads them. */
export function statusOf({ annotations }: Pick<Evidence, 'annotations'>, name: string): Status {
  return readStatus(annotations.get(name) ?? {})
}

/** The certificate ids that the Secret names: its own, then earlier ones, newest first. */
export function idsOf(evidence: Pick<Evidence, 'annotations'>, name: string): string[] {
  const { uploaded, previous } = statusOf(evidence, name)
  return [uploaded, ...previous].flatMap((it) => it?.certificateId ?? [])
}

/** Whether the Secret says what was promised for it. */
export function saysWhatItShould({ annotations }: Evidence, member: Member): boolean {
  return isSettled({ member, annotations: annotations.get(member.name) ?? {} })
}

/** Those of the Secrets whose certificate was ever sent, whatever became of the call. */
export function sentOnes(evidence: Evidence, members: readonly Member[]): Member[] {
  const leaves = new Set(uploads(evidence).map(({ leafFingerprint }) => leafFingerprint))
  return members.filter(({ leaf }) => leaf !== undefined && leaves.has(leaf))
}

/** The calls of UploadCertificate. */
export function uploads({ calls }: Pick<Evidence, 'calls'>): Call[] {
  return calls.filter(({ action }) => action === 'UploadCertificate')
}

/** The operator's writes to Secrets since earlier evidence. */
export function writesSince(
  before: Pick<Evidence, 'at'>,
  { requests }: Pick<Evidence, 'requests'>,
): AuditEvent[] {
  // By time: the line of a request may reach the log after its effect is seen.
  const isLater = (it: AuditEvent) => Date.parse(it.requestReceivedTimestamp) > before.at
  return requests.filter((it) => (it.verb === 'patch' || it.verb === 'update') && isLater(it))
}

/** The outcome on a Secret in a few words. */
export function describeStatus(evidence: Evidence, name: string): string {
  const { phase = 'no phase', reason = 'no reason', uploaded } = statusOf(evidence, name)
  return `${name}: ${phase}, ${reason}, ${uploaded?.certificateId ?? 'no id'}`
}
