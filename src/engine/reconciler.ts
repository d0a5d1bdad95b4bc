import { CallHandler } from '../capabilities/upload/call-handler.ts'
import { decide } from '../capabilities/upload/decide.ts'
import type { Decision, Memory } from '../capabilities/upload/decision.ts'
import { alreadySynced, pending, rejectedByPreflight, uploaded } from '../capabilities/upload/outcomes.ts'
import { secretFacts } from '../capabilities/upload/secret-facts.ts'
import { actionOf } from '../capabilities/upload/service-calls.ts'
import { urgencyOf } from '../capabilities/upload/urgency.ts'
import { MaterialCache } from '../certificate/material-cache.ts'
import { type Observed, observe } from '../contract/observe.ts'
import type { ObjectKey } from '../ports/secrets.ts'
import type { ServiceAction } from '../ports/ssl-service.ts'
import type { Reconciled, Turn } from './reconciled.ts'
import type { ReconcilerParts } from './reconciler-parts.ts'

/**
 * One look at one Secret: observe, decide, act, record. The same path for create, update, restart, resync and change
 * of leader. A decision that needs a call ends the reconcile without a slot; with one, everything is read again, so
 * what goes out is the newest.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts
  readonly #calls: CallHandler
  readonly #materials = new MaterialCache()

  constructor(parts: ReconcilerParts) {
    this.#parts = parts
    this.#calls = new CallHandler(parts)
  }

  /** Throws what the API server's client throws, and nothing else. */
  async reconcile(key: ObjectKey, signal: AbortSignal, turn?: Turn): Promise<Reconciled> {
    const { store, identity, clock, metrics } = this.#parts
    const snapshot = await store.get(key, signal)
    if (!snapshot) {
      this.forget(key)
      return { next: { kind: 'done' }, decision: 'Gone', settled: true }
    }
    const observed = observe(snapshot, identity, this.#materials)
    const decision = decide(observed, this.#remember(observed), identity, clock.now())
    if (decision.kind === 'Ignore') this.forget(key)
    else metrics.secret(key, secretFacts(observed))
    return { decision: decision.kind, ...(await this.#act(observed, decision, signal, turn)) }
  }

  /** Everything that is known of a key, its metrics included. */
  forget(key: ObjectKey): void {
    this.#parts.memory.forget(key)
    this.#parts.recorder.forget(key)
    this.#parts.metrics.forgetSecret(key)
  }

  #remember(observed: Observed): Memory {
    const { memory, memo, budget, gate, service, clock, identity } = this.#parts
    const { key, material, status } = observed
    const state = memory.of(key)
    const chain = material.chain?.chainFingerprint
    const { uploaded } = status
    // What is found on the first look is trusted; from then on our own record is.
    if (!state.recorded && uploaded && uploaded.account === identity.account) {
      state.recorded = { ...uploaded, existed: status.origin !== 'Uploaded' }
    }
    const budgetFreeAt = chain === undefined ? undefined : budget.freeAt(key, chain, clock.elapsed())
    return {
      failure: state.failure && { ...state.failure, until: this.#onWallClock(state.failure.until) },
      uploadsHeld: gate.holds(key, 'UploadCertificate'),
      lookupsHeld: gate.holds(key, 'DescribeCertificates'),
      memo: chain === undefined ? undefined : memo.get(this.#calls.memoKey(observed, chain)),
      recorded: state.recorded,
      budgetFreeAt: budgetFreeAt === undefined ? undefined : this.#onWallClock(budgetFreeAt),
      plainInput: state.plainInput,
      goneId: state.goneId,
      progress: state.progress,
      canFindByChain: service.canFindByChain,
    }
  }

  /** What waits is measured by the monotonic clock: a wall clock that is set back must not make it wait for longer. */
  #onWallClock(instant: number): number {
    const { clock } = this.#parts
    return clock.now() + instant - clock.elapsed()
  }

  async #act(
    observed: Observed,
    decision: Decision,
    signal: AbortSignal,
    turn: Turn | undefined,
  ): Promise<Omit<Reconciled, 'decision'>> {
    const { clock, identity } = this.#parts
    const now = clock.now()
    switch (decision.kind) {
      case 'Ignore':
      case 'Skip':
        return { next: { kind: 'done' }, settled: true }
      case 'Keep':
      case 'Wait':
        return this.#calls.tellAgain(observed, signal, { kind: 'after', ms: decision.until - now })
      case 'Hold':
        return this.#calls.tellAgain(observed, signal, { kind: 'hold' })
      case 'Reject':
        return this.#calls.record(
          observed,
          rejectedByPreflight(observed, decision.reason, decision.message),
          signal,
        )
      case 'Synced':
        return this.#calls.record(observed, alreadySynced(observed, now), signal)
      case 'Pending': {
        const recorded = await this.#calls.record(observed, pending(decision.reason), signal)
        const waits = decision.until !== undefined && recorded.next.kind === 'done'
        return waits ? { ...recorded, next: { kind: 'after', ms: (decision.until ?? now) - now } } : recorded
      }
      case 'Record':
        return this.#calls.record(observed, uploaded(observed, identity, decision, now), signal)
      case 'Intend':
        if (this.#parts.dryRun) return this.#wouldDo(observed, decision)
        return this.#calls.intend(observed, signal)
      default: {
        const action = actionOf(decision) as ServiceAction
        if (this.#parts.dryRun) return this.#wouldDo(observed, decision)
        if (turn?.action !== action)
          return { next: { kind: 'slot', action, urgency: urgencyOf(observed, now) } }
        return this.#calls.make(observed, decision, turn, signal)
      }
    }
  }

  #wouldDo(observed: Observed, decision: Decision): Omit<Reconciled, 'decision'> {
    const { metrics, log } = this.#parts
    metrics.wouldDo(decision.kind)
    const { namespace, name } = observed.secret
    log.info({ namespace, name, decision: decision.kind, dryRun: true }, 'dry run: no call is made')
    return { next: { kind: 'done' } }
  }
}
