import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from './random.ts'

/** Which calls a fault is meant for; absent: all. The filters look at what the request says. */
export interface FaultScope {
  readonly action?: string
  /** A part of the alias. */
  readonly alias?: string
  /** SHA-256 of the first certificate's DER, lower-case hex. */
  readonly leafFingerprint?: string
  /** A tag that is among those sent; without `value` any value. */
  readonly tag?: { readonly key: string; readonly value?: string }
  /** Lets this many matching calls pass first. */
  readonly skip?: number
  /** Strikes this often, then no more. Default: until it is removed; `kill` strikes once. */
  readonly times?: number
  /** How likely it strikes a matching call, 0 to 1. Default: 1. */
  readonly probability?: number
  /** With the same seed it strikes in the same order. Default: 1. */
  readonly seed?: number
}

/** What can go wrong. What comes after the work strikes only where the work succeeded. */
export type FaultKind =
  /** The request arrives uniformly 0 to `ms` later than it came in. */
  | { readonly kind: 'jitter'; readonly ms: number }
  /** Service time between arrival and work: `ms` plus or minus up to `spreadMs`. */
  | { readonly kind: 'delay'; readonly ms: number; readonly spreadMs?: number }
  /** The connection is reset; no work is done. */
  | { readonly kind: 'reset' }
  /** No answer for `ms` (or until the fault is removed); then the connection is closed, and no work is done. */
  | { readonly kind: 'hang'; readonly ms: number }
  /** A redirect; no work is done. */
  | { readonly kind: 'redirect'; readonly status: number; readonly location: string }
  /** A gateway's answer with a status other than 200; no work is done. */
  | { readonly kind: 'http-status'; readonly status: number; readonly body?: string }
  /** An error of the API, after authentication and rate limit; no work is done. */
  | { readonly kind: 'error'; readonly code: string; readonly message?: string }
  /** Every error message ends with the request's body, as a careless service would have it. */
  | { readonly kind: 'echo-request' }
  /** The call waits until the fault is removed, before the work or between the work and the answer. */
  | { readonly kind: 'hold'; readonly at: 'before-work' | 'before-answer' }
  /** SIGKILL to a process between the work and the answer, which is then never given. */
  | { readonly kind: 'kill'; readonly pid: number }
  /** The work is done, the connection closed without an answer. */
  | { readonly kind: 'lose-response' }
  /** The work is done, the connection closed in the middle of the answer, which has a Content-Length. */
  | { readonly kind: 'cut-short' }
  /** The work is done, the answer's JSON is cut off. */
  | { readonly kind: 'malformed-json' }

export type Fault = FaultKind & FaultScope

/** The part of a request that the scope of a fault is compared with. */
export interface FaultTarget {
  readonly action: string
  readonly alias?: string
  readonly leafFingerprint?: string
  readonly tags?: readonly { readonly TagKey: string; readonly TagValue: string }[]
}

/** A fault in force. */
export interface FaultHandle {
  readonly id: number
  readonly fault: Fault
  /** How often it struck. */
  readonly hits: number
  /** How many calls it holds at this moment. */
  readonly holding: number
  /** Takes it away and lets go of what it holds. */
  remove(): void
}

class ActiveFault implements FaultHandle {
  readonly id: number
  readonly fault: Fault
  hits = 0
  holding = 0
  readonly released: Promise<void>
  readonly #onRemove: (id: number) => void
  #release: () => void = () => {}
  #seen = 0
  readonly #random: () => number

  constructor(id: number, fault: Fault, onRemove: (id: number) => void) {
    this.id = id
    this.fault = fault
    this.#onRemove = onRemove
    this.#random = seededRandom(fault.seed ?? 1)
    this.released = new Promise((resolve) => {
      this.#release = resolve
    })
  }

  /** Whether it strikes this call; counts the ones it lets pass. */
  strikes(target: FaultTarget): boolean {
    const { skip = 0, times = this.fault.kind === 'kill' ? 1 : Number.POSITIVE_INFINITY } = this.fault
    if (this.hits >= times || !matches(this.fault, target)) return false
    this.#seen += 1
    if (this.#seen <= skip || this.#random() >= (this.fault.probability ?? 1)) return false
    this.hits += 1
    return true
  }

  remove(): void {
    this.#onRemove(this.id)
    this.#release()
  }
}

/** The faults in force, in the order in which they were asked for; the first that matches strikes. */
export class Faults {
  readonly #active = new Map<number, ActiveFault>()
  #lastId = 0

  add(fault: Fault): FaultHandle {
    this.#lastId += 1
    const active = new ActiveFault(this.#lastId, fault, (id) => this.#active.delete(id))
    this.#active.set(active.id, active)
    return active
  }

  list(): FaultHandle[] {
    return [...this.#active.values()]
  }

  /** @returns false where there is no such fault */
  remove(id: number): boolean {
    const active = this.#active.get(id)
    active?.remove()
    return active !== undefined
  }

  clear(): void {
    for (const active of this.#active.values()) active.remove()
  }

  /** The first fault of a kind that strikes this call; asking counts. */
  take<K extends Fault['kind']>(kind: K, target: FaultTarget): Extract<Fault, { kind: K }> | undefined {
    return this.#take((fault) => fault.kind === kind, target)?.fault as
      | Extract<Fault, { kind: K }>
      | undefined
  }

  /** Waits where a `hold` of that place strikes this call, until it is removed. */
  async hold(at: 'before-work' | 'before-answer', target: FaultTarget): Promise<void> {
    const active = this.#take((fault) => fault.kind === 'hold' && fault.at === at, target)
    if (active === undefined) return
    active.holding += 1
    await active.released
    active.holding -= 1
  }

  /** Waits out a `hang` that strikes this call. @returns whether one did */
  async hang(target: FaultTarget): Promise<boolean> {
    const active = this.#take((fault) => fault.kind === 'hang', target)
    if (active?.fault.kind !== 'hang') return false
    const ended = new AbortController()
    active.holding += 1
    await Promise.race([active.released, sleep(active.fault.ms, undefined, ended)])
    active.holding -= 1
    ended.abort()
    return true
  }

  #take(wanted: (fault: Fault) => boolean, target: FaultTarget): ActiveFault | undefined {
    for (const active of this.#active.values()) {
      if (wanted(active.fault) && active.strikes(target)) return active
    }
    return undefined
  }
}

function matches(scope: FaultScope, target: FaultTarget): boolean {
  const { tag } = scope
  return (
    (scope.action === undefined || scope.action === target.action) &&
    (scope.alias === undefined || target.alias?.includes(scope.alias) === true) &&
    (scope.leafFingerprint === undefined || scope.leafFingerprint === target.leafFingerprint) &&
    (tag === undefined ||
      target.tags?.some(
        (each) => each.TagKey === tag.key && (tag.value === undefined || each.TagValue === tag.value),
      ) === true)
  )
}
