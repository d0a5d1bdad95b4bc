import { idsPerQuery } from '../ports/ssl-service.ts'

/** Ids that are looked up by one query. */
interface Batch {
  readonly ids: readonly string[]
  /** The group of all of them, if it is one. */
  readonly group: string | undefined
  /** How often in a row the service had no answer. */
  readonly outages: number
  /** How many queries had been answered when that happened first, be it to what this is a part of. */
  readonly answersBefore: number
}

/** Failures that a group is to blame for. */
interface Failures {
  readonly outages: number
  /** As far as its refused queries exceed its answered ones. */
  readonly refusals: number
}

/**
 * After more failures of a group, what is left of it is passed. To find one odd id in a batch takes seven, and each half
 * without one that is answered makes up for a refusal.
 */
const failuresPerGroup = 40
/** After more refusals in a row, be they of however many groups, the service refuses all lookups. */
const refusalsInARow = 200

/**
 * Ids to look up, in batches. One odd id may keep the service from answering for a whole batch, and any tenant may write one
 * into a status. So a batch that fails is split into its groups; from then on each group has a queue of its own, halves
 * what fails until the odd id is alone and is passed, and pays for its failures itself. What failed comes after what did
 * not, and groups that failed take turns. Of an id that was passed nothing is known, least of all that it is gone.
 */
export class Lookups {
  readonly #groupOf: (id: string) => string
  #fresh: Batch[] = []
  /** By group, in the order of turns; under `undefined`, batches of several groups. No queue is empty. */
  readonly #queues = new Map<string | undefined, readonly Batch[]>()
  /** Ids that wait to be looked up. */
  readonly #open = new Set<string>()
  readonly #passed = new Set<string>()
  readonly #failures = new Map<string, Failures>()
  #answers = 0
  /** In a row. */
  #refusals = 0

  /** @param groupOf who is to blame for an id */
  constructor(groupOf: (id: string) => string) {
    this.#groupOf = groupOf
  }

  /** What is looked up next. */
  get next(): readonly string[] | undefined {
    return this.#first?.ids
  }

  /** All that is left failed before. */
  get areDeferred(): boolean {
    return this.#fresh.length === 0 && this.#queues.size > 0
  }

  isPassed(id: string): boolean {
    return this.#passed.has(id)
  }

  /** How many ids were passed. */
  get passed(): number {
    return this.#passed.size
  }

  /** Ids that wait already keep their places. */
  add(ids: Iterable<string>): void {
    const added = [...ids].filter((id) => !this.#open.has(id))
    for (const id of added) this.#open.add(id)
    const groups = [...Map.groupBy(added, this.#groupOf).values()]
    const large = groups.filter((it) => it.length >= idsPerQuery)
    const small = groups.filter((it) => it.length < idsPerQuery).flat()
    // Of large groups each has queries of its own: a tenant with many odd ids shares none of them.
    for (const some of [...large, small]) {
      for (let i = 0; i < some.length; i += idsPerQuery) {
        this.#fresh.push(this.#batch(some.slice(i, i + idsPerQuery)))
      }
    }
  }

  /** The service answered for these ids, but not for those that are `left`: they are asked for once more. */
  answered(ids: readonly string[], left: readonly string[] = []): void {
    if (ids.length > 0 && left.length === ids.length) {
      this.refused(ids)
      return
    }
    const batch = this.#take(ids)
    if (!batch) return
    this.#answers++
    this.#refusals = 0
    if (batch.group !== undefined) this.#count(batch.group, { refusals: -1 })
    for (const id of ids) if (!left.includes(id)) this.#open.delete(id)
    if (left.length > 0) this.#fresh.unshift(this.#batch(left))
  }

  /**
   * The service had no answer. To split these ids is harmless. They are passed only if the service has an answer for others,
   * or if nothing but their group is left to look up.
   */
  unanswered(ids: readonly string[]): void {
    const batch = this.#take(ids)
    if (!batch) return
    const outages = batch.outages + 1
    const answersBefore = Math.min(batch.answersBefore, this.#answers)
    const isToBlame = this.#answers > answersBefore || this.#isAllLeftOf(batch.group)
    const again = { ...batch, outages, answersBefore }
    if (this.#fails(again, { outages: isToBlame ? 1 : 0 })) this.#passGroup(again)
    else if (outages === 1 || (ids.length === 1 && !isToBlame)) this.#queue(again.group, [], [again])
    else this.#narrow(again)
  }

  /** The service refuses to look these up. One of them may be to blame, as one that does not exist. */
  refused(ids: readonly string[]): void {
    const batch = this.#take(ids)
    if (!batch) return
    this.#refusals++
    if (this.#fails(batch, { refusals: 1 })) this.#passGroup(batch)
    else this.#narrow(batch)
    if (this.#refusals <= refusalsInARow) return
    this.passAll()
    this.#refusals = 0
  }

  /** Does without what is left. */
  passAll(): void {
    for (const { ids } of [...this.#fresh, ...this.#queues.values()].flat()) this.#pass(ids)
    this.#fresh = []
    this.#queues.clear()
  }

  get #first(): Batch | undefined {
    const [fresh] = this.#fresh
    if (fresh) return fresh
    const [queue] = this.#queues.values()
    return queue?.[0]
  }

  /** Takes what was asked for off its queue, whose next turn comes after those of all others. */
  #take(ids: readonly string[]): Batch | undefined {
    const first = this.#first
    if (first?.ids !== ids) return undefined
    if (this.#fresh[0] === first) {
      this.#fresh.shift()
      return first
    }
    const left = this.#queues.get(first.group)?.slice(1) ?? []
    this.#queues.delete(first.group)
    if (left.length > 0) this.#queues.set(first.group, left)
    return first
  }

  /** Queues batches before or after others of a group. What is left of a group that failed is queued with them. */
  #queue(group: string | undefined, before: readonly Batch[], after: readonly Batch[]): void {
    const isQueued = (it: Batch) => group !== undefined && it.group === group
    const others = [...(this.#queues.get(group) ?? []), ...this.#fresh.filter(isQueued)]
    this.#fresh = this.#fresh.filter((it) => !isQueued(it))
    this.#queues.set(group, [...before, ...others, ...after])
  }

  /** Asks for parts of what failed: those of each group; of one group, halves, until one id is left. */
  #narrow({ ids, group, answersBefore }: Batch): void {
    const batch = (some: readonly string[]) => this.#batch(some, answersBefore)
    if (group === undefined) {
      const parts = [...Map.groupBy(ids, this.#groupOf).values()].map(batch)
      for (const part of parts) this.#queue(part.group, [], [part])
    } else if (ids.length === 1) this.#pass(ids)
    // Depth first: the halves that are answered make up for refusals before there are many.
    else this.#queue(group, halvesOf(ids).map(batch), [])
  }

  /** Whether these are more failures of its group than it may have. */
  #fails({ group }: Batch, more: Partial<Failures>): boolean {
    if (group === undefined) return false
    const { outages, refusals } = this.#count(group, more)
    return Math.max(outages, refusals) > failuresPerGroup
  }

  #count(group: string, { outages = 0, refusals = 0 }: Partial<Failures>): Failures {
    const before = this.#failures.get(group) ?? { outages: 0, refusals: 0 }
    const failures = { outages: before.outages + outages, refusals: Math.max(0, before.refusals + refusals) }
    this.#failures.set(group, failures)
    return failures
  }

  #isAllLeftOf(group: string | undefined): boolean {
    return (
      group !== undefined &&
      this.#fresh.every((it) => it.group === group) &&
      [...this.#queues.keys()].every((it) => it === group)
    )
  }

  /** Does without all of its group. */
  #passGroup(batch: Batch): void {
    this.#queue(batch.group, [batch], [])
    for (const { ids } of this.#queues.get(batch.group) ?? []) this.#pass(ids)
    this.#queues.delete(batch.group)
  }

  #pass(ids: readonly string[]): void {
    for (const id of ids) {
      this.#open.delete(id)
      this.#passed.add(id)
    }
  }

  #batch(ids: readonly string[], answersBefore = Number.POSITIVE_INFINITY): Batch {
    const [group, ...others] = new Set(ids.map(this.#groupOf))
    return { ids, group: others.length === 0 ? group : undefined, outages: 0, answersBefore }
  }
}

function halvesOf(ids: readonly string[]): (readonly string[])[] {
  const middle = Math.ceil(ids.length / 2)
  return [ids.slice(0, middle), ids.slice(middle)]
}
