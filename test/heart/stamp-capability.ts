import { statusPrefix } from '../../src/contract/annotation-keys.ts'
import type { Observed } from '../../src/contract/observe.ts'
import type { CallPriority } from '../../src/engine/calls/call-priority.ts'
import type { Answer, Capability, CapabilityMemory } from '../../src/engine/capability.ts'
import { failedAgain } from '../../src/engine/failure.ts'
import type { Action, Instant, Outcome, StatusSlice, Step } from '../../src/engine/step.ts'
import type { CertificateService, ServiceAction } from '../../src/ports/ssl-service.ts'
import type { Reason } from '../../src/reasons.ts'

/** What the user writes: the id of a certificate that is to be looked up. */
export const wishKey = 'example.com/stamp'
/** What the capability writes. */
export const stampKeys = {
  stamp: `${statusPrefix}stamp`,
  intent: `${statusPrefix}stamp-intent`,
  problem: `${statusPrefix}stamp-problem`,
} as const
/** How long an answer counts, ms. */
export const stampLifetimeMs = 5 * 60_000

interface View {
  readonly observed: Observed
  readonly wish: string | undefined
}

interface Memory extends CapabilityMemory {
  readonly found?: { readonly wish: string; readonly exists: boolean; readonly at: number }
  readonly failed?: Outcome | undefined
}

interface StampAction extends Action {
  readonly id: string
}

type Part =
  | 'view'
  | 'noticed'
  | 'recall'
  | 'next'
  | 'flightOf'
  | 'priorityOf'
  | 'begins'
  | 'call'
  | 'ended'
  | 'abandoned'
  | 'decided'
  | 'model'
  | 'reporting'
  | 'written'
  | 'unexpected'

export interface StampParts {
  readonly service: CertificateService
  readonly heldFor: (key: string, action: ServiceAction) => Reason | undefined
  /** The lane in which it waits. */
  readonly action?: ServiceAction
  /** Status keys of another capability that it takes for its own. */
  readonly alsoOwns?: readonly string[]
}

/**
 * The smallest capability with everything that one may have: it looks up the certificate that an annotation names, puts its
 * intent on record before, stamps the Secret with what it found, asks again after some minutes, and backs off by itself.
 */
export class StampCapability implements Capability<View, Memory, StampAction, boolean> {
  readonly name = 'stamp'
  readonly ownKeys: ReadonlySet<string>
  readonly blank: Memory = {}
  readonly #parts: StampParts
  /** A bug in some of its parts. */
  readonly broken = new Set<Part>()
  /** What all its calls are named. */
  flight: string | undefined
  readonly forgotten: string[] = []
  /** The keys of which it was said that nobody knows their step. */
  readonly interruptions: string[] = []

  constructor(parts: StampParts) {
    this.#parts = parts
    this.ownKeys = new Set([...Object.values(stampKeys), ...(parts.alsoOwns ?? [])])
  }

  view(observed: Observed): View {
    this.#mayThrow('view')
    return { observed, wish: observed.secret.annotations[wishKey] }
  }

  noticed(): void {
    this.#mayThrow('noticed')
  }

  recall(_view: View, memory: Memory): Memory {
    this.#mayThrow('recall')
    return memory
  }

  next({ observed, wish }: View, memory: Memory, now: Instant): Step<StampAction> {
    this.#mayThrow('next')
    const { annotations } = observed.secret
    if (observed.settings.upload !== 'yes') return { kind: 'Done', label: 'NotOptedIn' }
    if (wish === undefined) {
      if (annotations[stampKeys.stamp] === undefined) return { kind: 'Done', label: 'NotWanted' }
      const outcome = outcomeOf('CertificateAdopted', { stamp: null, intent: null, problem: null })
      return { kind: 'Report', label: 'Cleared', outcome, settled: true }
    }
    const { failure, failed, found } = memory
    if (failure?.input === wish && failure.until > now.elapsed) {
      return {
        kind: 'Wait',
        label: 'BackOff',
        until: failure.until,
        ...(failed ? { meanwhile: failed } : {}),
      }
    }
    if (found?.wish === wish && now.elapsed - found.at < stampLifetimeMs) {
      const stamp = `${wish} ${found.exists ? 'exists' : 'is gone'}`
      const outcome = outcomeOf('CertificateAdopted', { stamp, intent: null, problem: null })
      return { kind: 'Report', label: 'Stamped', outcome, until: found.at + stampLifetimeMs, settled: true }
    }
    if (annotations[stampKeys.intent] !== wish && annotations[stampKeys.stamp] === undefined) {
      return { kind: 'WriteFirst', label: 'Intend', slice: { [stampKeys.intent]: wish } }
    }
    const action = { name: this.#parts.action ?? 'DescribeCertificates', id: wish } as const
    const isHeld = this.#parts.heldFor(observed.key, action.name) !== undefined
    return isHeld ? { kind: 'Held', label: 'Held', action } : { kind: 'Call', label: 'Lookup', action }
  }

  begins(): void {
    this.#mayThrow('begins')
  }

  async call(_view: View, { id }: StampAction, signal: AbortSignal): Promise<boolean> {
    this.#mayThrow('call')
    const { certificates } = await this.#parts.service.describe({ by: 'ids', ids: [id] }, signal)
    return certificates.length > 0
  }

  ended(): void {
    this.#mayThrow('ended')
  }

  abandoned(): void {
    this.#mayThrow('abandoned')
  }

  interrupted(key: string): void {
    this.interruptions.push(key)
  }

  decided(): void {
    this.#mayThrow('decided')
  }

  model(_view: View, memory: Memory, { id }: StampAction, answer: Answer<boolean>, now: Instant): Memory {
    this.#mayThrow('model')
    if (answer.ok) return { found: { wish: id, exists: answer.value, at: now.elapsed } }
    const { failure, code } = answer.error
    return {
      failure: failedAgain(memory.failure, { input: id, failure, spread: 0 }, now),
      failed: outcomeOf('UnexpectedError', { problem: code }),
    }
  }

  reporting(_observed: Observed, memory: Memory): Memory {
    this.#mayThrow('reporting')
    return memory
  }

  written(memory: Memory): Memory {
    this.#mayThrow('written')
    return memory
  }

  unexpected(_observed: Observed, errorName: string): Outcome {
    this.#mayThrow('unexpected')
    return outcomeOf('UnexpectedError', { problem: errorName })
  }

  flightOf({ observed }: View): string {
    this.#mayThrow('flightOf')
    return this.flight ?? observed.key
  }

  priorityOf({ observed }: View): CallPriority {
    this.#mayThrow('priorityOf')
    return {
      failedBefore: false,
      urgent: false,
      expiresAt: undefined,
      group: observed.secret.namespace,
    }
  }

  forget(key: string): void {
    this.forgotten.push(key)
  }

  #mayThrow(part: Part): void {
    if (this.broken.has(part)) throw new TypeError(`a bug in ${part}`)
  }
}

function outcomeOf(reason: Reason, change: Partial<Record<keyof typeof stampKeys, string | null>>): Outcome {
  const entries = Object.entries(change).map(([name, value]) => [
    stampKeys[name as keyof typeof stampKeys],
    value,
  ])
  const slice: StatusSlice = Object.fromEntries(entries)
  return {
    reason,
    message: `stamp: ${reason}`,
    severity: reason === 'UnexpectedError' ? 'Warning' : 'Normal',
    slice,
    newsworthy: [stampKeys.stamp, stampKeys.problem],
    fields: {},
  }
}
