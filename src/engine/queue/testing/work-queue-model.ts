import type { Urgency } from '../work-queue.ts'

interface Wish {
  readonly urgency: Urgency
  readonly mark: string | undefined
}

/** Keys of groups are `group/name`. */
export const groupOf = (key: string): string => key.split('/', 1)[0] ?? key

/** What the work queue promises, as plainly as it can be said. */
export class WorkQueueModel {
  readonly #waiting: { key: string; urgency: Urgency }[] = []
  /** Groups with waiting keys, in the order of their turns. */
  readonly #turns: Record<Urgency, string[]> = { change: [], sweep: [] }
  /** Changes that were given out although a sweep waited, since the last sweep that was given out before a change. */
  #changesInARow = 0
  readonly #delayed = new Map<string, { at: number; since: number }>()
  readonly #active = new Map<string, Wish[]>()
  #now = 0
  #appointments = 0
  #takers = 0
  /** What was given out, in order. */
  readonly given: string[] = []

  get depth(): number {
    return this.#waiting.length
  }

  get delayed(): number {
    return this.#delayed.size
  }

  get active(): readonly string[] {
    return [...this.#active.keys()]
  }

  add(key: string, urgency: Urgency, mark?: string): void {
    this.#delayed.delete(key)
    const wishes = this.#active.get(key)
    if (wishes) wishes.push({ urgency, mark })
    else this.#wait(key, urgency)
  }

  addAfter(key: string, ms: number): void {
    const at = this.#now + ms
    const before = this.#delayed.get(key)
    if (!before || before.at > at) this.#delayed.set(key, { at, since: this.#appointments++ })
  }

  take(): void {
    this.#takers++
    this.#hand()
  }

  activate(key: string): boolean {
    if (this.#active.has(key)) return false
    this.#forget(key)
    this.#active.set(key, [])
    return true
  }

  done(key: string, echo?: string): void {
    const wishes = this.#active.get(key) ?? []
    this.#active.delete(key)
    if (!wishes.some(({ mark }) => mark === undefined || mark !== echo)) return
    this.add(key, wishes.some((it) => it.urgency === 'change') ? 'change' : 'sweep')
  }

  remove(key: string): void {
    this.#forget(key)
    this.#active.get(key)?.splice(0)
  }

  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const due = [...this.#delayed].filter(([, it]) => it.at <= end)
      const [next] = due.sort(([, a], [, b]) => a.at - b.at || a.since - b.since)
      if (!next) break
      this.#now = Math.max(this.#now, next[1].at)
      this.add(next[0], 'sweep')
    }
    this.#now = end
  }

  #wait(key: string, urgency: Urgency): void {
    const before = this.#waiting.find((it) => it.key === key)
    if (before && (urgency === 'sweep' || before.urgency === 'change')) return
    this.#drop(key)
    this.#waiting.push({ key, urgency })
    if (!this.#turns[urgency].includes(groupOf(key))) this.#turns[urgency].push(groupOf(key))
    this.#hand()
  }

  #forget(key: string): void {
    this.#delayed.delete(key)
    this.#drop(key)
  }

  #drop(key: string): void {
    const at = this.#waiting.findIndex((it) => it.key === key)
    if (at >= 0) this.#waiting.splice(at, 1)
    for (const urgency of ['change', 'sweep'] as const) {
      const left = this.#of(urgency).map((it) => groupOf(it.key))
      this.#turns[urgency] = this.#turns[urgency].filter((group) => left.includes(group))
    }
  }

  #hand(): void {
    while (this.#takers > 0 && this.#waiting.length > 0) {
      const urgency = this.#urgencyOfNext()
      const group = this.#turns[urgency].shift() ?? ''
      const next = this.#of(urgency).find((it) => groupOf(it.key) === group)
      if (!next) return
      this.#turns[urgency].push(group)
      this.#drop(next.key)
      this.#takers--
      this.#active.set(next.key, [])
      this.given.push(next.key)
    }
  }

  #urgencyOfNext(): Urgency {
    if (this.#of('change').length === 0) return 'sweep'
    if (this.#of('sweep').length === 0) return 'change'
    if (this.#changesInARow === 3) {
      this.#changesInARow = 0
      return 'sweep'
    }
    this.#changesInARow++
    return 'change'
  }

  #of(urgency: Urgency) {
    return this.#waiting.filter((it) => it.urgency === urgency)
  }
}
