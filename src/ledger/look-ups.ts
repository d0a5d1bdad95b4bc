import { idsPerQuery } from '../ports/ssl-service.ts'

/** Ids that are looked up by one query. */
interface Batch {
  readonly ids: readonly string[]
  /** The group of all of them, if it is one. */
  readonly group: string | undefined
  /** How often in a row the service had no answer. */
  readonly outages: number
  /** How many queries had been answered when that happened first, be it to what this is a half of. */
  readonly answersBefore: number
}

/** After so many failed queries for one group alone, what is left of the group is passed. */
const failuresPerGroup = 40
/** More than it takes to find the one id to blame: after so many, what is refused is passed whole. */
const refusalsInARow = 20

/**
 * Ids to look up, in batches. One odd id may keep the service from answering for a whole batch, and any tenant may write one
 * into a status. So a batch that fails comes after the others and is halved, until the odd id is alone and is passed. Ids
 * of one group are next to each other: a group with odd ids delays its own batches, and others hardly. Of an id that was
 * passed nothing is known, least of all that it is gone.
 */
export class LookUps {
  readonly #groupOf: (id: string) => string
  #fresh: Batch[] = []
  /** They failed, or are of a group that did. */
  #deferred: Batch[] = []
  readonly #passed = new Set<string>()
  readonly #failures = new Map<string, number>()
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
    return this.#fresh.length === 0 && this.#deferred.length > 0
  }

  isPassed(id: string): boolean {
    return this.#passed.has(id)
  }

  /** How many ids were passed. */
  get passed(): number {
    return this.#passed.size
  }

  add(ids: Iterable<string>): void {
    const groups = [...Map.groupBy(ids, this.#groupOf).values()]
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
    const batch = this.#take(ids)
    if (!batch) return
    this.#answers++
    this.#refusals = 0
    if (left.length === 0) return
    if (left.length < ids.length) this.#fresh.unshift(this.#batch(left))
    else this.#pass(batch)
  }

  /**
   * The service had no answer. To halve these ids is harmless. They are passed only if the service has an answer for others,
   * or if nothing but their group is left to look up.
   */
  unanswered(ids: readonly string[]): void {
    const batch = this.#take(ids)
    if (!batch) return
    const outages = batch.outages + 1
    const answersBefore = Math.min(batch.answersBefore, this.#answers)
    const failures = this.#failed(batch)
    const areToBlame = this.#answers > answersBefore || this.#areAllLeftOf(batch.group)
    if (outages === 1 || (ids.length === 1 && !areToBlame)) this.#defer({ ...batch, outages, answersBefore })
    else if (areToBlame && failures > failuresPerGroup) this.#passGroup(batch)
    else if (ids.length === 1) this.#pass(batch)
    else this.#deferred.push(...halvesOf(ids).map((it) => this.#batch(it, answersBefore)))
  }

  /** The service refuses to look these up. One of them may be to blame, as one that does not exist. */
  refused(ids: readonly string[]): void {
    const batch = this.#take(ids)
    if (!batch) return
    this.#refusals++
    if (ids.length === 1 || this.#refusals > refusalsInARow) this.#pass(batch)
    else this.#fresh.unshift(...halvesOf(ids).map((it) => this.#batch(it)))
  }

  /** Does without what is left. */
  passAll(): void {
    for (const batch of [...this.#fresh, ...this.#deferred]) this.#pass(batch)
    this.#fresh = []
    this.#deferred = []
  }

  /** Of those that failed, what several groups share goes first, then the group that has failed the least. */
  get #first(): Batch | undefined {
    const failuresOf = ({ group }: Batch) => (group === undefined ? -1 : (this.#failures.get(group) ?? 0))
    const [fresh] = this.#fresh
    return (
      fresh ??
      this.#deferred.reduce<Batch | undefined>(
        (first, it) => (first && failuresOf(first) <= failuresOf(it) ? first : it),
        undefined,
      )
    )
  }

  #take(ids: readonly string[]): Batch | undefined {
    const first = this.#first
    if (first?.ids !== ids) return undefined
    this.#fresh = this.#fresh.filter((it) => it !== first)
    this.#deferred = this.#deferred.filter((it) => it !== first)
    return first
  }

  /** All of its group come after the others. */
  #defer(batch: Batch): void {
    const { group } = batch
    if (group !== undefined) {
      this.#deferred.push(...this.#fresh.filter((it) => it.group === group))
      this.#fresh = this.#fresh.filter((it) => it.group !== group)
    }
    this.#deferred.push(batch)
  }

  #failed({ group }: Batch): number {
    if (group === undefined) return 0
    const failures = (this.#failures.get(group) ?? 0) + 1
    this.#failures.set(group, failures)
    return failures
  }

  #areAllLeftOf(group: string | undefined): boolean {
    return group !== undefined && [...this.#fresh, ...this.#deferred].every((it) => it.group === group)
  }

  #passGroup(batch: Batch): void {
    const { group } = batch
    for (const each of [batch, ...this.#deferred.filter((it) => it.group === group)]) this.#pass(each)
    this.#deferred = this.#deferred.filter((it) => it.group !== group)
  }

  #pass({ ids }: Batch): void {
    for (const id of ids) this.#passed.add(id)
  }

  /** @param ids those of one group next to each other */
  #batch(ids: readonly string[], answersBefore = Number.POSITIVE_INFINITY): Batch {
    const [first, last] = [ids[0], ids.at(-1)].map((id) => id !== undefined && this.#groupOf(id))
    return { ids, group: first === last && first !== false ? first : undefined, outages: 0, answersBefore }
  }
}

function halvesOf(ids: readonly string[]): (readonly string[])[] {
  const middle = Math.ceil(ids.length / 2)
  return [ids.slice(0, middle), ids.slice(middle)]
}
