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
import type { Answer, AnyCapability } from './capability.ts'
import { Memories } from './memories.ts'
import { checkDistinctKeys, checkOwnKeys } from './own-keys.ts'
import type { Requeue, Result } from './result.ts'
import { secretFacts } from './status/secret-facts.ts'
import type { StatusWriter, WriteResult } from './status/status-writer.ts'
import type { Instant, Outcome, StatusSlice, Step } from './step.ts'
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
}

/** A capability with its step for the key at hand. */
interface Turn {
  readonly capability: AnyCapability
  readonly memories: Memories<object>
  readonly step: Step
  /** What it needs a permit for. */
  readonly wants?: Requeue['permit']
  /** The permit at hand was for its call. */
  readonly called?: boolean
  /** The same call is under way for another key. */
  readonly join?: Promise<void>
  readonly threw?: string
}

/**
 * Reconciles one Secret: get, observe, the next step of each capability, one status write. The same path for create, update,
 * restart, resync and change of leader. A step that calls ends the reconcile without a permit; with one, everything is read
 * again, so that what goes out is the newest, unless it was read just now.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts
  readonly #capabilities: readonly {
    readonly capability: AnyCapability
    readonly memories: Memories<object>
  }[]
  readonly #flights = new SingleFlight()
  readonly #materials = new MaterialCache()

  constructor(parts: ReconcilerParts) {
    checkDistinctKeys(parts.capabilities)
    this.#parts = parts
    this.#capabilities = parts.capabilities.map((capability) => ({
      capability,
      memories: new Memories<object>(capability.blank),
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
    const turns: Turn[] = []
    let unused = permit
    for (const each of this.#capabilities) {
      const turn = await this.#take(each, observed, unused, signal)
      if (turn.called) unused = undefined
      turns.push(turn)
    }
    return this.#finish(observed, turns, signal)
  }

  /** Everything that is known of a key, its metrics included. */
  forget(key: ObjectKey): void {
    for (const { capability, memories } of this.#capabilities) {
      memories.forget(key)
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
  async #take(
    { capability, memories }: { capability: AnyCapability; memories: Memories<object> },
    observed: Observed,
    permit: CallPermit | undefined,
    signal: AbortSignal,
  ): Promise<Turn> {
    const { key } = observed
    let called = false
    try {
      let view = capability.view(observed)
      let memory = capability.observe(view, memories.of(key))
      memories.set(key, memory)
      const step: Step = capability.next(view, memory, this.#now())
      if (step.kind !== 'Call' || permit?.action !== step.action.name || this.#parts.dryRun) {
        if (!this.#parts.dryRun) capability.decided(view, step, this.#now())
        return { capability, memories, step, ...this.#wanted(capability, view, memory, step) }
      }
      // What a capability names its calls is its own business.
      const flight = `${capability.name} ${capability.flightOf(view, step.action)}`
      const join = this.#flights.join(flight)
      if (join) return { capability, memories, step, join }
      called = true
      memory = await this.#flights.run(flight, () =>
        this.#call(capability, view, memory, step.action, permit, signal),
      )
      view = capability.view(observed)
      memory = capability.observe(view, memory)
      memories.set(key, memory)
      const after: Step = capability.next(view, memory, this.#now())
      capability.decided(view, after, this.#now())
      return { capability, memories, step: after, called, ...this.#wanted(capability, view, memory, after) }
    } catch (error) {
      if (signal.aborted || error instanceof NotLeadingError) throw error
      return { ...this.#afterThrow(capability, memories, observed, error), called }
    }
  }

  #wanted(capability: AnyCapability, view: unknown, memory: object, step: Step): Pick<Turn, 'wants'> {
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
  ): Promise<object> {
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
    return capability.model(view, memory, action, answer, this.#now())
  }

  /** A bug of ours in one capability: the status says so, where it still can, and the others go on. */
  #afterThrow(
    capability: AnyCapability,
    memories: Memories<object>,
    observed: Observed,
    error: unknown,
  ): Turn {
    const threw = nameOf(error)
    try {
      capability.interrupted(observed.key, this.#now())
      const outcome = capability.unexpected(observed, threw)
      const step = { kind: 'Report', label: 'Failed', outcome } as const
      checkOwnKeys(capability, step)
      return { capability, memories, step, threw }
    } catch {
      return { capability, memories, step: { kind: 'Done', label: 'Failed' }, threw }
    }
  }

  async #finish(observed: Observed, taken: readonly Turn[], signal: AbortSignal): Promise<Result> {
    const { writer, metrics, dryRun } = this.#parts
    const { key, secret } = observed
    const isOptedOut = taken.every(({ step }) => step.kind === 'Done' && step.label === 'NotOptedIn')
    if (isOptedOut) this.forget(key)
    // What a dry run does not write is not remembered as written.
    const turns = dryRun ? taken : taken.map((turn) => this.#reporting(observed, turn))
    const outcomes = turns.flatMap(({ step }) => outcomeOf(step))
    const slices = turns.flatMap(({ step }) => (step.kind === 'WriteFirst' && !dryRun ? [step.slice] : []))
    const mustWrite = turns.every(({ step }) => step.kind !== 'Call')
    const result = await writer.write(key, secret, { outcomes, slices }, signal).catch((error: unknown) => {
      // A status that cannot be written does not stop a call: what that finds out is remembered.
      if (mustWrite || signal.aborted || error instanceof NotLeadingError) throw error
      return { kind: 'failed', error } as const
    })
    const isDone = isStored(result)
    const ends = isDone ? turns.map((turn) => this.#written(key, turn)) : turns
    const merged: StatusSlice = Object.assign({}, ...outcomes.map((it) => it.slice))
    if (!isOptedOut) metrics.secret(key, secretFacts(observed, isDone ? merged : {}, this.#now().wall))
    if (dryRun) this.#wouldDo(observed, turns)
    const threw = result.kind === 'failed' ? errorText(result.error) : ends.find((it) => it.threw)?.threw
    const requeue = dryRun ? {} : this.#requeue(turns, result)
    // A call takes its time: what was read before it may be old.
    const isNews = requeue.permit && result.kind === 'unchanged' && turns.every(({ called }) => !called)
    return {
      requeue,
      ...(isNews ? { observed } : {}),
      steps: Object.fromEntries(turns.map(({ capability, step }) => [capability.name, step.label])),
      settled: isDone && ends.every(({ step, threw }) => isSettled(step) && threw === undefined),
      ...(result.kind === 'written' ? { written: result.resourceVersion } : {}),
      ...(threw ? { threw } : {}),
    }
  }

  /** The capability remembers what is going to be written; where it throws, that is what is written. */
  #reporting(observed: Observed, turn: Turn): Turn {
    const { capability, memories, step } = turn
    const { key } = observed
    try {
      checkOwnKeys(capability, step)
      for (const outcome of outcomeOf(step)) {
        memories.set(key, capability.reporting(observed, memories.of(key), outcome))
      }
      return turn
    } catch (error) {
      return this.#afterThrow(capability, memories, observed, error)
    }
  }

  /** The capability remembers what was written. Where it throws, it is too late for a status: the key backs off. */
  #written(key: ObjectKey, turn: Turn): Turn {
    const { capability, memories, step } = turn
    const slice =
      step.kind === 'Report' ? step.outcome.slice : step.kind === 'WriteFirst' ? step.slice : undefined
    if (!slice || this.#parts.dryRun) return turn
    try {
      memories.set(key, capability.written(memories.of(key), slice))
      return turn
    } catch (error) {
      return { ...turn, threw: nameOf(error) }
    }
  }

  #requeue(turns: readonly Turn[], result: WriteResult | { readonly kind: 'failed' }): Requeue {
    const now = this.#now()
    const hasIntent = turns.some(({ step }) => step.kind === 'WriteFirst')
    if (result.kind === 'stale' || (hasIntent && isStored(result))) return { now: true }
    const untils = turns.flatMap(({ step }) =>
      'until' in step && step.until !== undefined ? [step.until] : [],
    )
    const waits = untils.map((it) => Math.max(0, it - now.elapsed))
    if (result.kind === 'later') waits.push(result.retryMs)
    const joined = turns.find((it) => it.join)
    if (joined?.join) return { join: joined.join }
    // What waits for the account keeps back no call of another capability.
    const permit = (turns.find(({ step }) => step.kind === 'Call') ?? turns.find((it) => it.wants))?.wants
    return {
      ...(waits.length > 0 ? { afterMs: Math.min(...waits) } : {}),
      ...(permit ? { permit } : {}),
    }
  }

  #wouldDo({ secret: { namespace, name } }: Observed, turns: readonly Turn[]): void {
    for (const { capability, step } of turns) {
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
