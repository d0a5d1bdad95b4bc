import { canonical } from './canonical.ts'
import { violationsOf } from './invariants.ts'
import { movesOf } from './moves.ts'
import type { Profile } from './profiles.ts'
import { newWorld, type World } from './small-world.ts'
import { WayOn } from './way-on.ts'

export interface Limits {
  /** Events on one way, at most: things that go wrong, and what people do. Between them the operator does what it can. */
  readonly events: number
  /** States, at most. */
  readonly states?: number
  /** ms, at most. */
  readonly forMs?: number
}

export interface Violation {
  readonly problem: string
  /** A shortest sequence that leads to it: of the fewest events, and among these of the fewest moves. */
  readonly moves: readonly string[]
}

export interface Exploration {
  readonly profile: string
  readonly states: number
  /** Every sequence with up to this many events was walked to its end; -1: not even those without. */
  readonly events: number
  /** Moves of the longest sequence. */
  readonly moves: number
  readonly tookMs: number
  /** The first of each kind. */
  readonly violations: readonly Violation[]
}

interface Found {
  readonly world: World
  readonly moves: number
  readonly label: string
  readonly from: Found | undefined
}

/**
 * Walks every interleaving of a small world and checks each state: first what is reached without any event, then with one,
 * then with two; each of them breadth first.
 *
 * @param progress is called now and then with how many states were visited, and how many events are at hand
 */
export async function explore(
  profile: Profile,
  { events, states: most = Number.POSITIVE_INFINITY, forMs = Number.POSITIVE_INFINITY }: Limits,
  progress: (states: number, events: number) => void = () => {},
): Promise<Exploration> {
  const start = performance.now()
  const walk = new Walk()
  const isLate = () => walk.states >= most || performance.now() - start > forMs
  for (const chains of [[0, 1] as const, [0, 0] as const]) {
    const label = `the Secrets hold chains ${chains.join(' and ')}`
    walk.plan({ world: newWorld(profile, chains), moves: 0, label, from: undefined })
  }
  let walked = -1
  while (walked < events && !isLate()) {
    walk.nextEvent()
    for (let found = walk.take(); found && !isLate(); found = walk.take()) {
      await walk.visit(found, { isLast: walked + 1 === events })
      if (walk.states % 1_000 === 0) progress(walk.states, walked + 1)
    }
    if (!isLate()) walked++
  }
  const tookMs = performance.now() - start
  const { states, moves, violations } = walk
  return {
    profile: profile.name,
    states,
    events: walked,
    moves,
    tookMs,
    violations: [...violations.values()],
  }
}

class Walk {
  states = 0
  moves = 0
  readonly violations = new Map<string, Violation>()
  /** States that were visited, or are going to be with the events at hand. */
  readonly #known = new Set<string>()
  /** What is going to be visited with the events at hand, by how many moves lead there. */
  readonly #now = new Map<number, Found[]>()
  /** What one more event leads to, by state. */
  #later = new Map<string, Found>()
  readonly #wayOn = new WayOn()

  /** To be visited after the next event. */
  plan(found: Found): void {
    const state = canonical(found.world)
    if (this.#known.has(state)) return
    const before = this.#later.get(state)
    if (!before || before.moves > found.moves) this.#later.set(state, found)
  }

  /** What was planned is at hand. */
  nextEvent(): void {
    const all = this.#later
    this.#later = new Map()
    for (const [state, found] of all) this.#add(state, found)
  }

  /** One of those that the fewest moves lead to. */
  take(): Found | undefined {
    const moves = Math.min(...this.#now.keys())
    const all = this.#now.get(moves)
    const found = all?.pop()
    if (all?.length === 0) this.#now.delete(moves)
    return found
  }

  /** @param isLast no further event is at hand */
  async visit(found: Found, { isLast }: { readonly isLast: boolean }): Promise<void> {
    this.states++
    this.moves = Math.max(this.moves, found.moves)
    const problems = violationsOf(found.world)
    const problem = problems.length === 0 ? await this.#wayOn.problemOf(found.world) : undefined
    if (problem !== undefined) problems.push(problem)
    for (const problem of problems) {
      if (!this.violations.has(problem)) this.violations.set(problem, { problem, moves: movesTo(found) })
    }
    // What follows from a violation is no news.
    if (problems.length > 0) return
    for (const { label, isEvent, apply } of movesOf(found.world)) {
      if (isEvent && isLast) continue
      const next = { world: await apply(found.world), moves: found.moves + 1, label, from: found }
      if (isEvent) this.plan(next)
      else this.#add(canonical(next.world), next)
    }
  }

  #add(state: string, found: Found): void {
    if (this.#known.has(state)) return
    this.#known.add(state)
    const all = this.#now.get(found.moves)
    if (all) all.push(found)
    else this.#now.set(found.moves, [found])
  }
}

function movesTo(found: Found): string[] {
  const labels: string[] = []
  for (let at: Found | undefined = found; at; at = at.from) labels.unshift(at.label)
  return labels
}
