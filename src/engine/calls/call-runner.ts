import type { Clock } from '../../clock.ts'
import type { Fence } from '../../ports/fence.ts'
import type { Log } from '../../ports/log.ts'
import type { Metrics } from '../../ports/metrics.ts'
import type { ObjectKey } from '../../ports/secrets.ts'
import type { ServiceAction } from '../../ports/ssl-service.ts'
import type { Reason } from '../../reasons.ts'
import { AccountGate } from './account-gate.ts'
import { actions, actionTable } from './action-table.ts'
import type { CallEnd } from './call-end.ts'
import { CallLane, type Slot } from './call-lane.ts'
import { type CallPermit, IssuedPermit } from './call-permit.ts'
import type { CallPriority } from './call-priority.ts'
import { KnownKeys } from './known-keys.ts'
import { Outages } from './outages.ts'
import { Silence } from './silence.ts'
import { Trickle } from './trickle.ts'

/** Why a key is woken. */
export type WakeReason =
  /** It waited at the account gate, which is open. */
  | 'AccountWorks'
  /** It was denied a call, and waits at the account gate from now on. */
  | 'AccountHeld'
  /** It is the one that tries, at the account gate or while the service is silent. */
  | 'Probe'
  /** The service was silent and answers again. */
  | 'ServiceAnswers'

export interface CallRunnerParts {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly fence?: Fence | undefined
  /** Calls of one action within a second, at most. */
  readonly slots: number
  /** Works on a key with a permit; never throws. Where the permit goes unused, its slot is free at once. */
  readonly serve: (key: ObjectKey, permit: CallPermit) => Promise<void>
  /**
   * Asks for a reconcile of keys, in this order: their wait is over. For `ServiceAnswers` and `Probe` their back-off ends,
   * too; their attempt counts stay.
   */
  readonly wake: (keys: Iterable<ObjectKey>, why: WakeReason) => void
}

/** What the metrics read. */
export interface CallGauges {
  /** Keys that wait for a slot, by action. */
  depths(): Record<string, number>
  /** Slots of uploads in force. */
  slots(): number
  /** Why calls wait for the account. */
  held(): readonly Reason[]
  /** The service does not answer: calls are slowed down. */
  silent(): boolean
}

/**
 * The only way to the service: account gate, lane, permit. A key asks for a permit for one action at a time; the permit
 * is for one request.
 */
export class CallRunner {
  readonly #parts: CallRunnerParts
  readonly #known = new KnownKeys()
  readonly #gate: AccountGate
  readonly #lanes: ReadonlyMap<ServiceAction, CallLane>
  readonly #silence: Silence
  readonly #outages: Outages
  readonly #trickle: Trickle
  /** What each key asked for last. */
  readonly #priorities = new Map<ObjectKey, CallPriority>()
  readonly #stop = new AbortController()
  /** Was asked to try while the service is silent, and has not asked for a permit yet. */
  #probing: ObjectKey | undefined

  constructor(parts: CallRunnerParts) {
    const { clock, log, slots, wake } = parts
    this.#parts = parts
    this.#gate = new AccountGate({ clock, log, wake, groups: () => this.#known.groups })
    this.#silence = new Silence(clock, this.#known)
    this.#outages = new Outages(clock, (keys) => wake(keys, 'ServiceAnswers'))
    const lane = (action: ServiceAction) => {
      const most = Math.min(slots, actionTable[action].callsPerSecond)
      return [action, new CallLane(clock, most, (key, slot) => this.#serve(key, action, slot))] as const
    }
    this.#lanes = new Map(actions.map(lane))
    const lanes = [...this.#lanes.values()]
    this.#trickle = new Trickle({ clock, silence: this.#silence, lanes, probe: () => this.#probe() })
  }

  /**
   * Queues a key for a permit, or where the account gate is closed for this action lets it wait there. A key has one
   * ticket over all lanes: a second request replaces the first.
   */
  request(key: ObjectKey, action: ServiceAction, priority: CallPriority): void {
    // Groups are namespaces: what is done in the background must not make one of them look like two.
    if (!priority.background && this.#known.add(key, priority.group)) this.#gate.groupsChanged()
    this.#priorities.set(key, priority)
    if (this.#probing === key) this.#probing = undefined
    for (const [other, lane] of this.#lanes) if (other !== action) lane.remove(key)
    if (this.#gate.holdOf(key, action)) {
      this.#lanes.get(action)?.remove(key)
      this.#gate.wait(key, action, priority.group)
      return
    }
    this.#gate.enter(key)
    this.#lanes.get(action)?.add(key, priority)
    this.#trickle.turn()
  }

  /** The key wants no call any more: neither ticket nor place at the gate; if it was to try, another one tries. */
  withdraw(key: ObjectKey): void {
    for (const lane of this.#lanes.values()) lane.remove(key)
    this.#gate.withdraw(key)
    if (this.#probing !== key) return
    this.#probing = undefined
    this.#outages.over(key)
  }

  /** The key is gone: withdraw, and nothing of it is remembered. */
  forget(key: ObjectKey): void {
    this.withdraw(key)
    this.#gate.forget(key)
    this.#silence.forget(key)
    this.#outages.over(key)
    this.#priorities.delete(key)
    const group = this.#known.delete(key)
    if (group !== undefined) for (const lane of this.#lanes.values()) lane.forgetGroup(group)
  }

  /** Why calls of this action wait for the account, for this key (undefined: they do not). Changes nothing. */
  holdOf(key: ObjectKey, action: ServiceAction): Reason | undefined {
    return this.#gate.holdOf(key, action)
  }

  /** Opens the lanes. @param quiet no process of ours has made a call within the last second: at once (I2) */
  start({ quiet }: { readonly quiet: boolean }): void {
    for (const lane of this.#lanes.values()) lane.start({ quiet })
  }

  /** No further permits; calls under way go on. */
  close(): void {
    this.#trickle.close()
    this.#outages.waitOn()
    this.#gate.close()
    for (const lane of this.#lanes.values()) lane.close()
  }

  /** Aborts the calls under way. That is not a failure of the service, and the calls are safe to retry (I9). */
  abandon(): void {
    this.close()
    this.#stop.abort(new Error('the process ends'))
  }

  /** Of a closed runner: resolves when another process may make calls at once (I2). */
  async drained(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.drained()))
  }

  /** New credentials are there. */
  credentialsChanged(): void {
    this.#gate.credentialsChanged()
  }

  gauges(): CallGauges {
    return {
      depths: () => Object.fromEntries([...this.#lanes].map(([action, lane]) => [action, lane.depth])),
      slots: () => this.#lanes.get('UploadCertificate')?.slots ?? 0,
      held: () => this.#gate.held(),
      silent: () => this.#silence.silent,
    }
  }

  /** A lane gives a slot to a key. */
  async #serve(key: ObjectKey, action: ServiceAction, slot: Slot): Promise<void> {
    const priority = this.#priorities.get(key)
    if (!priority) return
    // Closed since it was queued.
    if (this.#gate.holdOf(key, action)) return this.#gate.wait(key, action, priority.group)
    const { clock, metrics, fence, serve } = this.#parts
    const permit = new IssuedPermit({
      ...{ action, clock, metrics, fence, timeoutMs: slot.timeoutMs, stop: this.#stop.signal },
      onStart: () => this.#started(),
      onEnd: (end) => {
        slot.ended(end)
        this.#ended(key, action, end)
      },
    })
    await serve(key, permit)
  }

  #started(): void {
    this.#silence.called()
    this.#trickle.called()
  }

  #ended(key: ObjectKey, action: ServiceAction, end: CallEnd): void {
    const { error, says } = end
    if (error === undefined && says === 'nothing') return
    const priority = this.#priorities.get(key)
    // Forgotten meanwhile: what the call says of the service still counts.
    if (error?.failure === 'outage' && priority) this.#outages.met(key, priority)
    else this.#outages.over(key)
    if (error) this.#gate.failed(key, priority?.group, error)
    else this.#gate.succeeded(action, key)
    if (error?.failure === 'throttled') this.#throttled(action, end)
    if (says === 'answer') this.#heard()
    if (says === 'silence') this.#unheard(key, end)
  }

  #heard(): void {
    if (!this.#silence.answered()) return
    this.#parts.log.info({ reason: 'ServiceAnswers' }, 'the service answers again')
    this.#trickle.end()
    this.#outages.wakeAll()
  }

  #unheard(key: ObjectKey, { startedAt, error }: CallEnd): void {
    if (!this.#silence.unanswered(key, this.#known.groupOf(key), startedAt)) return
    const code = error?.code ?? 'Timeout'
    this.#parts.log.warn(
      { reason: 'ServiceSilent', code },
      'the service does not answer; making one call at a time',
    )
    this.#outages.waitOn()
    this.#trickle.begin()
  }

  #throttled(action: ServiceAction, end: CallEnd): void {
    const lane = this.#lanes.get(action)
    if (!lane?.throttled(end)) return
    const { slots } = lane
    this.#parts.log.warn({ reason: 'Throttled', action, slots }, 'the service throttled a call; slowing down')
  }

  /** A key of the group whose turn it is tries whether the service answers. */
  #probe(): void {
    const key = this.#outages.nextToTry()
    this.#probing = key
    if (key !== undefined) this.#parts.wake([key], 'Probe')
  }
}
