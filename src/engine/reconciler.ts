import { setImmediate } from 'node:timers/promises'
import { MaterialCache } from '../certificate/material-cache.ts'
import type { Clock } from '../clock.ts'
import { type Identity, type Observed, observe } from '../contract/observe.ts'
import type { Log } from '../ports/log.ts'
import type { Metrics } from '../ports/metrics.ts'
import { NotLeadingError } from '../ports/not-leading-error.ts'
import type { ObjectKey, SecretSnapshot, SecretStore } from '../ports/secrets.ts'
import type { FailureClass } from '../ports/service-error.ts'
import { ServiceError } from '../ports/service-error.ts'
import type { CallPermit } from './calls/call-permit.ts'
import { SingleFlight } from './calls/single-flight.ts'
import type { Answer, AnyCapability, CapabilityMemory } from './capability.ts'
import { type Decision, decide } from './decision.ts'
import { Memories } from './memories.ts'
import { checkDistinctKeys, checkOwnKeys } from './own-keys.ts'
import { backOff, spreadOf } from './queue/back-off.ts'
import type { Requeue, Result } from './result.ts'
import { secretFacts } from './status/secret-facts.ts'
import type { StatusWriter, WriteResult } from './status/status-writer.ts'
import type { Action, Instant, Outcome, StatusSlice, Step } from './step.ts'
import { errorText } from './thrown.ts'

export interface ReconcilerParts {
  readonly identity: Identity
  readonly clock: Clock
  readonly store: SecretStore
  readonly writer: StatusWriter
  readonly metrics: Metrics
  readonly log: Log
  /** In their order: an earlier one's call goes before a later one's. */
  readonly capabilities: readonly AnyCapability[]
  /** Nothing is written and nothing is called: it is logged and counted. */
  readonly dryRun: boolean
  /** Asks for a reconcile of keys: the call of another one, for which they waited, has ended. */
  readonly wake: (keys: readonly ObjectKey[]) => void
}

/** A capability, what it remembers of each key, and its calls that are the same for several. */
interface Equipped {
  readonly capability: AnyCapability
  readonly memories: Memories<object>
  readonly flights: SingleFlight
}

/** The part of one capability in a reconcile: its step for the key, and what came of it. */
interface CapabilityStep extends Equipped {
  readonly step: Step
  /** What it needs a permit for. */
  readonly wants?: Requeue['permit']
  /** The permit at hand was for its call. */
  readonly called?: boolean
  /** The same call is under way for another key. The key tries again after so many ms if nothing wakes it before. */
  readonly joinedMs?: number
  readonly threw?: string
}

/**
 * Reconciles one Secret: get, observe, the next step of each capability, one status write. The same path for create, update,
 * restart, resync and change of leader. A step that calls ends the reconcile without a permit; with one, everything is read
 * again, so that what goes out is the newest, unless it was read just now.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts
  readonly #capabilities: readonly Equipped[]
  readonly #materials = new MaterialCache()

  constructor(parts: ReconcilerParts) {
    checkDistinctKeys(parts.capabilities)
    this.#parts = parts
    this.#capabilities = parts.capabilities.map((capability) => ({
      capability,
      memories: new Memories<object>(capability.blank),
      flights: new SingleFlight(parts.wake),
    }))
  }

  /**
   * Throws what the API server's client throws, and NotLeadingError.
   *
   * @param atHand what the result of the reconcile just before had: it is not read again
   */
  async reconcile(
    key: ObjectKey,
    signal: AbortSignal,
    permit?: CallPermit,
    atHand?: Observed,
  ): Promise<Result> {
    const observed = atHand ?? (await this.#observe(key, signal))
    if (!observed) {
      this.forget(key)
      return { requeue: {}, steps: { secret: 'Gone' }, settled: true }
    }
    const taken: CapabilityStep[] = []
    let unused = permit
    for (const each of this.#capabilities) {
      const step = await this.#stepOf(each, observed, unused, signal)
      if (step.called) unused = undefined
      taken.push(step)
    }
    return this.#finish(observed, taken, signal)
  }

  /** Everything that is known of a key, its metrics included. */
  forget(key: ObjectKey): void {
    for (const { capability, memories, flights } of this.#capabilities) {
      memories.forget(key)
      flights.leave(key)
      capability.forget(key)
    }
    this.#parts.writer.forget(key)
    this.#parts.metrics.forgetSecret(key)
  }

  /** Lets keys try again at once whatever they wait for; their attempts still count. */
  endBackOff(keys: Iterable<ObjectKey>): void {
    const elapsed = this.#parts.clock.elapsed()
    for (const key of keys) for (const { memories } of this.#capabilities) memories.endBackOff(key, elapsed)
  }

  /** The keys whose last call failed with one of these. */
  failedWith(...classes: readonly FailureClass[]): ObjectKey[] {
    return this.#capabilities.flatMap(({ memories }) => memories.failedWith(...classes))
  }

  async #observe(key: ObjectKey, signal: AbortSignal): Promise<Observed | undefined> {
    const secret = await this.#get(key, signal)
    // Reading a chain takes up to 20 ms: the lease and the probes get their turn between two keys.
    await setImmediate()
    return secret && observe(secret, this.#parts.identity, this.#materials)
  }

  async #get(key: ObjectKey, signal: AbortSignal): Promise<SecretSnapshot | undefined> {
    try {
      return await this.#parts.store.get(key, signal)
    } catch (error) {
      for (const { capability } of this.#capabilities) capability.interrupted(key, this.#now())
      throw error
    }
  }

  /** The next step of a capability, after the call that the permit is for. */
  async #stepOf(
    each: Equipped,
    observed: Observed,
    permit: CallPermit | undefined,
    signal: AbortSignal,
  ): Promise<CapabilityStep> {
    const { capability, memories, flights } = each
    const { key, secret } = observed
    let called = false
    try {
      const before = this.#decide(each, observed, memories.of(key))
      const { view, memory, step } = before
      if (step.kind !== 'Call') flights.leave(key)
      if (step.kind !== 'Call' || permit?.action !== step.action.name || this.#parts.dryRun) {
        if (!this.#parts.dryRun) capability.decided(view, step, this.#now())
        return { ...each, step, ...this.#wanted(capability, before) }
      }
      const flight = capability.flightOf(view, step.action)
      const joins = flights.join(flight, key, secret.namespace)
      if (joins > 0) return { ...each, step, joinedMs: joinedMs(key, joins, memory) }
      called = true
      const after = await flights.run(
        flight,
        key,
        async () => {
          const answered = await this.#call(capability, view, memory, step.action, permit, signal)
          return { ...this.#decide(each, observed, answered.memory), isAccepted: answered.isAccepted }
        },
        // A key that goes on to a further call has found out nothing that is of use to others.
        ({ isAccepted, step }) => isAccepted && isSettled(step),
      )
      capability.decided(after.view, after.step, this.#now())
      return { ...each, step: after.step, called, ...this.#wanted(capability, after) }
    } catch (error) {
      if (signal.aborted || error instanceof NotLeadingError) throw error
      return { ...this.#afterThrow(each, observed, error), called }
    }
  }

  #decide(
    { capability, memories }: Equipped,
    observed: Observed,
    remembered: object,
  ): Decision<unknown, object, Action> {
    const decision = decide(capability, observed, remembered, this.#now())
    memories.set(observed.key, decision.memory)
    return decision
  }

  #wanted(
    capability: AnyCapability,
    { view, memory, step }: Decision<unknown, object, Action>,
  ): Pick<CapabilityStep, 'wants'> {
    if (step.kind !== 'Call' && step.kind !== 'Held') return {}
    return { wants: { action: step.action.name, priority: capability.priorityOf(view, memory, this.#now()) } }
  }

  async #call(
    capability: AnyCapability,
    view: unknown,
    memory: object,
    action: Extract<Step, { kind: 'Call' }>['action'],
    permit: CallPermit,
    signal: AbortSignal,
  ): Promise<{ readonly memory: object; readonly isAccepted: boolean }> {
    capability.begins(view, action, this.#now())
    const answer = await permit
      .call((timed) => capability.call(view, action, timed))
      .then(
        (value): Answer<unknown> => ({ ok: true, value }),
        (error: unknown): Answer<unknown> => {
          // An aborted call is the operator's own doing: it is safe to redo and says nothing of the service.
          if (signal.aborted || error instanceof NotLeadingError) {
            capability.abandoned(view, action, this.#now())
            throw error
          }
          return { ok: false, error: asServiceError(error, action.name) }
        },
      )
    capability.ended(view, memory, action, answer, this.#now())
    return { memory: capability.model(view, memory, action, answer, this.#now()), isAccepted: answer.ok }
  }

  /** A bug of ours in one capability: the status says so, where it still can, and the others go on. */
  #afterThrow(each: Equipped, observed: Observed, error: unknown): CapabilityStep {
    const { capability } = each
    const threw = nameOf(error)
    try {
      capability.interrupted(observed.key, this.#now())
      const outcome = capability.unexpected(observed, threw)
      const step = { kind: 'Report', label: 'Failed', outcome } as const
      checkOwnKeys(capability, step)
      return { ...each, step, threw }
    } catch {
      return { ...each, step: { kind: 'Done', label: 'Failed' }, threw }
    }
  }

  async #finish(observed: Observed, taken: readonly CapabilityStep[], signal: AbortSignal): Promise<Result> {
    const { writer, metrics, dryRun } = this.#parts
    const { key, secret } = observed
    const isOptedOut = taken.every(({ step }) => step.kind === 'Done' && step.label === 'NotOptedIn')
    if (isOptedOut) this.forget(key)
    // What a dry run does not write is not remembered as written.
    const steps = dryRun ? taken : taken.map((each) => this.#reporting(observed, each))
    const outcomes = steps.flatMap(({ step }) => outcomeOf(step))
    const slices = steps.flatMap(({ step }) => (step.kind === 'WriteFirst' && !dryRun ? [step.slice] : []))
    const mustWrite = steps.every(({ step }) => step.kind !== 'Call')
    const result = await writer.write(key, secret, { outcomes, slices }, signal).catch((error: unknown) => {
      // A status that cannot be written does not stop a call: what that finds out is remembered.
      if (mustWrite || signal.aborted || error instanceof NotLeadingError) throw error
      return { kind: 'failed', error } as const
    })
    const isDone = isStored(result)
    const ends = isDone ? steps.map((each) => this.#written(key, each)) : steps
    const merged: StatusSlice = Object.assign({}, ...outcomes.map((it) => it.slice))
    if (!isOptedOut) metrics.secret(key, secretFacts(observed, isDone ? merged : {}, this.#now().wall))
    if (dryRun) this.#wouldDo(observed, steps)
    const threw = result.kind === 'failed' ? errorText(result.error) : ends.find((it) => it.threw)?.threw
    const requeue = dryRun ? {} : this.#requeue(steps, result)
    // A call takes its time: what was read before it may be old.
    const isNews = requeue.permit && result.kind === 'unchanged' && steps.every(({ called }) => !called)
    return {
      requeue,
      ...(isNews ? { observed } : {}),
      steps: Object.fromEntries(steps.map(({ capability, step }) => [capability.name, step.label])),
      settled: isDone && ends.every(({ step, threw }) => isSettled(step) && threw === undefined),
      ...(result.kind === 'written' ? { written: result.resourceVersion } : {}),
      ...(threw ? { threw } : {}),
    }
  }

  /** The capability remembers what is going to be written; where it throws, that is what is written. */
  #reporting(observed: Observed, each: CapabilityStep): CapabilityStep {
    const { capability, memories, step } = each
    const { key } = observed
    try {
      checkOwnKeys(capability, step)
      for (const outcome of outcomeOf(step)) {
        memories.set(key, capability.reporting(observed, memories.of(key), outcome))
      }
      return each
    } catch (error) {
      return this.#afterThrow(each, observed, error)
    }
  }

  /** The capability remembers what was written. Where it throws, it is too late for a status: the key backs off. */
  #written(key: ObjectKey, each: CapabilityStep): CapabilityStep {
    const { capability, memories, step } = each
    const slice =
      step.kind === 'Report' ? step.outcome.slice : step.kind === 'WriteFirst' ? step.slice : undefined
    if (!slice || this.#parts.dryRun) return each
    try {
      memories.set(key, capability.written(memories.of(key), slice))
      return each
    } catch (error) {
      return { ...each, threw: nameOf(error) }
    }
  }

  #requeue(steps: readonly CapabilityStep[], result: WriteResult | { readonly kind: 'failed' }): Requeue {
    const now = this.#now()
    const hasIntent = steps.some(({ step }) => step.kind === 'WriteFirst')
    if (result.kind === 'stale' || (hasIntent && isStored(result))) return { now: true }
    const untils = steps.flatMap(({ step }) =>
      'until' in step && step.until !== undefined ? [step.until] : [],
    )
    const waits = untils.map((it) => Math.max(0, it - now.elapsed))
    if (result.kind === 'later') waits.push(result.retryMs)
    waits.push(...steps.flatMap(({ joinedMs }) => joinedMs ?? []))
    // What waits for the account, or for another key, keeps back no call of another capability.
    const wanting = steps.filter((it) => it.wants)
    const permit = (wanting.find(({ step }) => step.kind === 'Call') ?? wanting[0])?.wants
    return {
      ...(waits.length > 0 ? { afterMs: Math.min(...waits) } : {}),
      ...(permit ? { permit } : {}),
    }
  }

  #wouldDo({ secret: { namespace, name } }: Observed, steps: readonly CapabilityStep[]): void {
    for (const { capability, step } of steps) {
      if (step.kind !== 'Call' && step.kind !== 'WriteFirst') continue
      this.#parts.metrics.wouldDo(step.label)
      this.#parts.log.info(
        { namespace, name, capability: capability.name, step: step.label, dryRun: true },
        'dry run: no call is made',
      )
    }
  }

  #now(): Instant {
    const { clock } = this.#parts
    return { wall: clock.now(), elapsed: clock.elapsed() }
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown'
}

/** The status says now what it should. */
function isStored({ kind }: { readonly kind: WriteResult['kind'] | 'failed' }): boolean {
  return kind === 'written' || kind === 'unchanged'
}

/** What a step reports, or has the status say while it waits. */
function outcomeOf(step: Step): Outcome[] {
  if (step.kind === 'Report') return [step.outcome]
  return 'meanwhile' in step && step.meanwhile ? [step.meanwhile] : []
}

/**
 * For so long (ms) a key waits for the call of another one. It backs off as if that had been a failed call of its own. So
 * Secrets that want the same cost no more than Secrets that each want something else.
 */
function joinedMs(key: ObjectKey, joins: number, { failure }: CapabilityMemory): number {
  const attempt = (failure?.attempt ?? 0) + joins
  return backOff('outage', { attempt, failingMs: 0, spread: spreadOf(key, attempt) })
}

function isSettled(step: Step): boolean {
  return step.kind === 'Done' || ('settled' in step && step.settled === true)
}

/** What our own code throws on the way to a call is a failure of this key, with a reason and a back-off (I7). */
function asServiceError(error: unknown, action: ServiceError['action']): ServiceError {
  if (error instanceof ServiceError) return error
  const name = error instanceof Error ? error.name.replace(/[^A-Za-z]/g, '') : 'Unknown'
  return new ServiceError({
    failure: 'unknown',
    action,
    code: `OperatorFailed.${name}`,
    hint: 'The operator could not make the call and retries. Please report this with the version of the operator.',
    countsForAccount: false,
    reached: 'unsent',
  })
}
