import { type Phase, readStatus } from '../../src/contract/status.ts'
import type { Reason } from '../../src/reasons.ts'
import type { Member } from './member.ts'

/** One Secret as a reader of its annotations sees it at a moment. */
export interface Row {
  readonly name: string
  readonly about: string
  /** Absent: the operator has written nothing, and `aside` may say why that is right. */
  readonly phase?: Phase
  readonly reason?: Reason
  readonly certificateId?: string
  /** The id is another one than at the beginning of the act. */
  readonly fresh: boolean
  /** Nobody has written it yet. */
  readonly toCome: boolean
  /** Not the operator's business, and why. */
  readonly aside?: string
  /** ms from the last write of the Secret until its outcome could be read; while `waiting`, so far. */
  readonly latencyMs?: number
  /** The outcome of the last write is not there yet. */
  readonly waiting: boolean
}

interface Entry {
  member: Member
  annotations: Readonly<Record<string, string>>
  /** Absent: to come. */
  writtenAt?: number
  settledAt?: number
  /** At the beginning of the act. */
  idBefore?: string
}

/**
 * What is known of every Secret: what was last written into it, and what its annotations have said since. Times are
 * those of the monotonic clock, ms.
 */
export class Board {
  readonly #entries = new Map<string, Entry>()
  readonly #onSettled: (row: Row) => void
  readonly #written: Member[] = []

  /**
   * @param cast the Secrets that are to come, in the order in which they are shown
   * @param onSettled called whenever the outcome of a write can be read
   */
  constructor(cast: readonly Member[], onSettled: (row: Row) => void = () => {}) {
    this.#onSettled = onSettled
    for (const member of cast) this.#entries.set(member.name, { member, annotations: {} })
  }

  /** What was last written into each of the Secrets that are there. */
  get members(): readonly Member[] {
    return this.#present.map(({ member }) => member)
  }

  /** Everything that was ever written, oldest first. */
  get written(): readonly Member[] {
    return this.#written
  }

  member(name: string): Member {
    const entry = this.#entries.get(name)
    if (entry === undefined) throw new Error(`there is no Secret ${name}`)
    return entry.member
  }

  /** From now on, an id that changes is shown as fresh. */
  beginAct(): void {
    for (const entry of this.#entries.values()) {
      const id = idOf(entry)
      if (id === undefined) delete entry.idBefore
      else entry.idBefore = id
    }
  }

  /** The Secret is about to be written. */
  writing(member: Member, now: number): void {
    this.#written.push(member)
    const before = this.#entries.get(member.name)
    const idBefore = before?.idBefore
    this.#entries.set(member.name, {
      member,
      annotations: before?.annotations ?? {},
      writtenAt: now,
      ...(idBefore !== undefined && { idBefore }),
    })
  }

  /** The API server reported these annotations. */
  observed(name: string, annotations: Readonly<Record<string, string>>, now: number): void {
    const entry = this.#entries.get(name)
    if (entry === undefined) return
    entry.annotations = annotations
    if (entry.writtenAt === undefined || entry.settledAt !== undefined || !isSettled(entry)) return
    entry.settledAt = now
    this.#onSettled(rowOf(entry, now))
  }

  rows(now: number): Row[] {
    return [...this.#entries.values()].map((entry) => rowOf(entry, now))
  }

  /** Names of the Secrets whose outcome cannot be read yet. */
  get waiting(): readonly string[] {
    return this.#present.filter((entry) => rowOf(entry, 0).waiting).map(({ member }) => member.name)
  }

  get #present(): readonly Entry[] {
    return [...this.#entries.values()].filter(({ writtenAt }) => writtenAt !== undefined)
  }
}

/** Whether the annotations say what was promised for this Secret. */
export function isSettled({ member, annotations }: Pick<Entry, 'member' | 'annotations'>): boolean {
  const { phase, reason, uploaded } = readStatus(annotations)
  const { expected } = member
  switch (expected.phase) {
    case 'Synced':
      return phase === 'Synced' && uploaded?.chainFingerprint === expected.chain
    case 'none':
      return phase === undefined
    default:
      return phase === expected.phase && reason === expected.reason
  }
}

function rowOf(entry: Entry, now: number): Row {
  const { member, annotations, writtenAt, settledAt, idBefore } = entry
  const { phase, reason } = readStatus(annotations)
  const id = idOf(entry)
  const { expected } = member
  const toCome = writtenAt === undefined
  const aside = expected.phase === 'none' && !toCome ? expected.why : undefined
  return {
    name: member.name,
    about: member.about,
    ...(phase !== undefined && { phase }),
    ...(reason !== undefined && { reason }),
    ...(id !== undefined && { certificateId: id }),
    fresh: id !== undefined && id !== idBefore,
    toCome,
    waiting: !toCome && aside === undefined && settledAt === undefined,
    ...(aside !== undefined && { aside }),
    ...(!toCome && aside === undefined && { latencyMs: (settledAt ?? now) - writtenAt }),
  }
}

function idOf({ annotations }: Entry): string | undefined {
  return readStatus(annotations).uploaded?.certificateId
}
