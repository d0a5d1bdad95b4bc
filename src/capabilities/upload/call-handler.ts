import type { Chain } from '../../certificate/material.ts'
import type { Observed } from '../../contract/observe.ts'
import type { CallPermit } from '../../engine/calls/call-permit.ts'
import { SingleFlight } from '../../engine/calls/single-flight.ts'
import { backOff } from '../../engine/queue/back-off.ts'
import type { Reconciled } from '../../engine/reconciled.ts'
import type { ReconcilerParts } from '../../engine/reconciler-parts.ts'
import type { Attempt } from '../../engine/status/status-writer.ts'
import { ServiceError } from '../../ports/service-error.ts'
import { holdsOtherChain, requestOf } from './decide.ts'
import type { ChainProgress, Decision } from './decision.ts'
import {
  existsElsewhere,
  failed,
  type Outcome,
  rejectedByService,
  uploaded,
  verified,
  withdrawing,
} from './outcomes.ts'
import { secretFacts } from './secret-facts.ts'
import { ServiceCalls } from './service-calls.ts'
import { priorityOf } from './urgency.ts'

type Result = Omit<Reconciled, 'decision'>
type Call = Extract<Decision, { kind: 'Upload' | 'Find' | 'Verify' }>

/** Makes the call of a decision and turns its answer, good or bad, into memory, status and the next step. */
export class CallHandler {
  readonly #parts: ReconcilerParts
  readonly #calls: ServiceCalls
  /** Chains that are under way, by memo key: one call serves all Secrets that hold the chain. */
  readonly #flights = new SingleFlight()

  constructor(parts: ReconcilerParts) {
    this.#parts = parts
    this.#calls = new ServiceCalls(parts.service, parts.identity.cluster)
  }

  /** Under which name the id of a chain is remembered: with `repeatable`, every Secret has its own. */
  memoKey({ settings, key }: Observed, chainFingerprint: string): string {
    const chain = `${this.#parts.identity.account} ${chainFingerprint}`
    return settings.repeatable ? `${chain} ${key}` : chain
  }

  /** Makes the call with the permit, unless another Secret makes the same one. */
  async make(observed: Observed, decision: Call, permit: CallPermit, signal: AbortSignal): Promise<Result> {
    const chain = observed.material.chain as Chain
    const name = this.memoKey(observed, chain.chainFingerprint)
    const flight = this.#flights.join(name)
    if (flight) return { next: { kind: 'join', flight } }
    return this.#flights.run(name, async () => ({
      called: true,
      ...(await this.#answer(observed, decision, permit, signal)),
    }))
  }

  /** Writes an outcome down and says what comes next. */
  async record(
    observed: Observed,
    outcome: Outcome,
    signal: AbortSignal,
    attempt: Attempt = {},
    then: Result['next'] = { kind: 'done' },
  ): Promise<Result> {
    const { recorder, memory, metrics } = this.#parts
    // The outcome ends the request by which the id was found to be gone: nothing else would tell it again (I6).
    const final = outcome.phase === 'Rejected' && this.#isGone(observed) ? withdrawing(outcome) : outcome
    const state = memory.of(observed.key)
    const { certificateId, chainFingerprint, origin } = final.change
    // Not only once it is written: a write may be done and its answer lost.
    if (certificateId && chainFingerprint) {
      state.recorded = { certificateId, chainFingerprint, existed: origin === 'Adopted' }
    }
    const recording = await recorder.record(observed, final, attempt, signal)
    const settled = outcome.phase === 'Synced' || outcome.phase === 'Rejected'
    switch (recording.kind) {
      case 'again':
        return { next: { kind: 'again' } }
      case 'later':
        return { next: { kind: 'after', ms: recording.retryMs } }
      case 'unchanged':
        return { next: then, settled }
      case 'written':
        if (outcome.phase === 'Synced') {
          state.goneId = undefined
          state.told = undefined
        }
        metrics.secret(observed.key, secretFacts(observed, final.change))
        return { next: then, settled, written: recording.resourceVersion }
    }
  }

  /** While a failed input waits: what was told of it is told again, should it be missing. */
  tellAgain(observed: Observed, signal: AbortSignal, then: Result['next']): Promise<Result> | Result {
    const { told } = this.#parts.memory.of(observed.key)
    if (told?.input === observed.input) return this.record(observed, told.outcome, signal, {}, then)
    return { next: then, settled: observed.status.phase === 'Rejected' }
  }

  /** Puts on record that a second copy is about to be made; the copy itself is the next step. */
  async intend(observed: Observed, signal: AbortSignal): Promise<Result> {
    const chain = observed.material.chain as Chain
    const recording = await this.#parts.recorder.note(observed, { intent: chain.chainFingerprint }, signal)
    if (recording.kind === 'later') return { next: { kind: 'after', ms: recording.retryMs } }
    const written = recording.kind === 'written' ? { written: recording.resourceVersion } : {}
    return { next: { kind: 'again' }, ...written }
  }

  async #answer(
    observed: Observed,
    decision: Call,
    permit: CallPermit,
    signal: AbortSignal,
  ): Promise<Result> {
    try {
      switch (decision.kind) {
        case 'Upload':
          return await this.#upload(observed, decision, permit, signal)
        case 'Find': {
          const found = await permit.call((until) => this.#calls.find(observed, decision.search, until))
          return await this.#found(observed, decision, found, signal)
        }
        case 'Verify': {
          const exists = await permit.call((until) => this.#calls.exists(decision.certificateId, until))
          return await this.#verified(observed, decision.certificateId, exists, signal)
        }
      }
    } catch (error) {
      // An aborted call is the operator's own doing: it is safe to redo and says nothing about the account.
      if (!(error instanceof ServiceError) || signal.aborted) throw error
      return this.#failed(observed, decision, error, signal)
    }
  }

  async #upload(
    observed: Observed,
    decision: Extract<Call, { kind: 'Upload' }>,
    permit: CallPermit,
    signal: AbortSignal,
  ): Promise<Result> {
    const { clock, budget } = this.#parts
    const chain = observed.material.chain as Chain
    budget.spend(observed.key, chain.chainFingerprint, clock.elapsed())
    // Whatever becomes of this call, a further copy must be looked for first: by whoever holds the chain, if it is one.
    this.#progress(observed, { aliasAsked: false })
    if (decision.copySuffix) this.#parts.memory.copyBegins(chain.chainFingerprint)
    const answer = await permit.call((until) => this.#calls.upload(observed, decision, until))
    if (!decision.copySuffix && this.#isOtherChain(observed, answer.certificateId)) {
      return this.#step(observed, { sameId: true })
    }
    const state = this.#parts.memory.of(observed.key)
    const refusal = decision.plain ? state.refusal : undefined
    // A copy that was asked for is new, whatever else the answer names.
    const existed = answer.existed && !decision.copySuffix
    return this.#known(observed, { ...answer, existed, refusal }, signal, answer.requestId)
  }

  async #found(
    observed: Observed,
    { search }: Extract<Call, { kind: 'Find' }>,
    found: string | undefined,
    signal: AbortSignal,
  ): Promise<Result> {
    if (found !== undefined) {
      const exact = search.by === 'alias' || search.by === 'previous'
      if (!exact && this.#isOtherChain(observed, found)) {
        return this.#step(observed, { sameId: true, exists: false, candidate: undefined })
      }
      if (search.by === 'chain') return this.#step(observed, { candidate: found })
      return this.#known(observed, { certificateId: found, existed: true }, signal)
    }
    if (search.by === 'alias') return this.#step(observed, { aliasAsked: true })
    if (search.by === 'previous') return this.#step(observed, { previousAsked: true })
    // The search by chain names one certificate only, and cannot say of which type.
    if (search.by !== 'tags') return this.#step(observed, { candidate: undefined, noChainSearch: true })
    this.#progress(observed, { exists: false, noChainSearch: false })
    const ms = this.#remember(observed, 'exists')
    return this.#tell(observed, existsElsewhere(), signal, {}, { kind: 'after', ms })
  }

  async #verified(observed: Observed, id: string, exists: boolean, signal: AbortSignal): Promise<Result> {
    const { memory, memo, clock } = this.#parts
    const state = memory.of(observed.key)
    state.failure = undefined
    if (exists) return this.record(observed, verified(observed, true, clock.now()), signal)
    state.goneId = id
    state.recorded = undefined
    const chain = observed.material.chain as Chain
    memo.delete(this.memoKey(observed, chain.chainFingerprint))
    return { next: { kind: 'again' } }
  }

  /** The id of the observed chain is known: remember it before the status is written, so that no write repeats a call. */
  #known(
    observed: Observed,
    answer: { certificateId: string; existed: boolean; refusal?: string | undefined },
    signal: AbortSignal,
    requestId?: string,
  ): Promise<Result> {
    const { memory, memo, identity, clock } = this.#parts
    const chain = observed.material.chain as Chain
    const { certificateId, existed } = answer
    memo.set(this.memoKey(observed, chain.chainFingerprint), {
      certificateId,
      existed,
      request: requestOf(observed),
      by: observed.key,
      settings: observed.settingsHash,
      refusal: answer.refusal,
    })
    const state = memory.of(observed.key)
    const gone = this.#isGone(observed)
    const attempt = (state.failure?.attempt ?? 0) + 1
    state.failure = undefined
    state.progress = undefined
    const outcome = uploaded(observed, identity, { ...answer, gone }, clock.now())
    return this.record(observed, outcome, signal, { attempt, requestId })
  }

  async #failed(
    observed: Observed,
    decision: Call,
    error: ServiceError,
    signal: AbortSignal,
  ): Promise<Result> {
    const { calls, memory, clock } = this.#parts
    const state = memory.of(observed.key)
    switch (error.failure) {
      case 'throttled':
        // Not by the next free slot: that would ask again within the same second.
        return { next: { kind: 'after', ms: backOff('throttled', 1) } }
      case 'cosmetic':
        if (decision.kind !== 'Upload' || decision.plain) break
        state.plainInput = observed.input
        state.refusal = `alias, tags and use, one of which was refused (${error.code})`
        return { next: { kind: 'again' } }
      case 'exists':
        if (decision.kind !== 'Upload' || decision.copySuffix) break
        return this.#step(observed, { exists: true })
      case 'not-allowed':
        if (decision.kind === 'Verify') {
          return this.record(observed, verified(observed, false, clock.now()), signal)
        }
        // The upload that follows makes no copy: it may go without the look.
        if (decision.kind === 'Find' && decision.search.by === 'previous') {
          return this.#step(observed, { previousAsked: true })
        }
    }
    // Refused without cosmetics too: they were not to blame, and the next attempt has them again.
    if (decision.kind === 'Upload' && ['rejected', 'not-allowed', 'cosmetic'].includes(error.failure)) {
      state.plainInput = undefined
    }
    if (
      decision.kind === 'Find' &&
      decision.search.by === 'chain' &&
      error.failure !== 'outage' &&
      error.failure !== 'caller'
    ) {
      return this.#step(observed, { noChainSearch: true })
    }
    this.#progress(observed, { exists: false, candidate: undefined })
    const details: Attempt = { code: error.code, requestId: error.requestId }
    if (decision.kind === 'Upload' && (error.failure === 'rejected' || error.failure === 'cosmetic')) {
      const ms = this.#remember(observed, 'rejected')
      const outcome = rejectedByService(observed, error, clock.now())
      return this.#tell(observed, outcome, signal, details, { kind: 'after', ms })
    }
    const ms = this.#remember(observed, error.failure)
    const attempt = state.failure?.attempt ?? 1
    // The account's own probes set the pace now.
    const forAccount = error.failure === 'caller' && calls.holdOf(observed.key, error.action) !== undefined
    if (forAccount) state.failure = undefined
    const priority = priorityOf(observed, true, clock.now())
    const next: Result['next'] = forAccount
      ? { kind: 'hold', action: error.action, priority }
      : { kind: 'after', ms }
    return this.#tell(observed, failed(error), signal, { ...details, attempt }, next)
  }

  #tell(observed: Observed, outcome: Outcome, signal: AbortSignal, attempt: Attempt, then: Result['next']) {
    this.#parts.memory.of(observed.key).told = { input: observed.input, outcome }
    return this.record(observed, outcome, signal, attempt, then)
  }

  /** Notes a failed attempt of this input; the delay in ms. */
  #remember(observed: Observed, failure: ServiceError['failure']): number {
    const { memory, clock } = this.#parts
    const state = memory.of(observed.key)
    const { failure: before } = state
    const again = before?.input === observed.input && before.class === failure
    const attempt = again ? before.attempt + 1 : 1
    const ms = backOff(failure, attempt)
    state.failure = { input: observed.input, class: failure, attempt, until: clock.elapsed() + ms }
    return ms
  }

  /** Something was found out on the way of this chain: the next step follows from it. */
  #step(observed: Observed, step: Partial<ChainProgress>): Result {
    this.#progress(observed, step)
    return { next: { kind: 'again' } }
  }

  #progress(observed: Observed, step: Partial<ChainProgress>): void {
    const chain = observed.material.chain as Chain
    const { chainFingerprint } = chain
    const state = this.#parts.memory.of(observed.key)
    const before = state.progress?.chainFingerprint === chainFingerprint ? state.progress : undefined
    state.progress = { ...before, ...step, chainFingerprint }
  }

  /** The service said that the id on record does not exist. */
  #isGone({ key, status }: Observed): boolean {
    const { goneId } = this.#parts.memory.of(key)
    return goneId !== undefined && goneId === status.uploaded?.certificateId
  }

  /** The id on record holds another chain of the same leaf: the service compares by leaf. */
  #isOtherChain({ status, material }: Observed, certificateId: string): boolean {
    return (
      status.uploaded?.account === this.#parts.identity.account &&
      holdsOtherChain(status, certificateId, material.chain as Chain)
    )
  }
}
