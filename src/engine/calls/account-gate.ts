import type { Clock } from '../../clock.ts'
import type { Log } from '../../ports/log.ts'
import type { ObjectKey } from '../../ports/secrets.ts'
import type { ServiceError } from '../../ports/service-error.ts'
import type { ServiceAction } from '../../ports/ssl-service.ts'
import type { Reason } from '../../reasons.ts'
import { doubling } from '../queue/back-off.ts'
import { actionTable } from './action-table.ts'

/** What a closed gate keeps back: everything, where the caller is refused, or one action that it may not make. */
type Scope = 'caller' | ServiceAction

interface Waiting {
  readonly action: ServiceAction
  readonly group: string
}

interface Closed {
  readonly since: number
  /** Whose call failed last: another key tries next, where there is one. */
  last: ObjectKey
  /** In which round a group tried last; the one that tried least recently comes first. */
  readonly triedIn: Map<string, number>
  /** A round begins after each of the regular times between probes. */
  round: number
  attempt: number
  /** The one key that may try; undefined while the next time is waited for. */
  probe: ObjectKey | undefined
  cancel: () => void
}

/** First and longest time between probes, ms. Nobody reports a policy that was mended. */
const probes = { caller: [30_000, 60_000], action: [60_000, 60_000] } as const
/** After a probe that said nothing, a group that has not tried in this round does so so soon, ms. */
const otherGroupMs = 2_000
const deniedKeys = 3
const deniedGroups = 2
/** So long (ms) after a success of an action, keys that are denied it may have reasons of their own: the gate closes later. */
const provenMs = 60_000
/** Where others succeed, those that were denied are woken no more often, ms. */
const wakeEveryMs = 60_000

/** Keys that were denied an action. */
interface Denied {
  /** Since the last success of the action, for reasons that may be the account's, with their groups: they may close the gate. */
  readonly inARow: Map<ObjectKey, string>
  /** Denied for the first time since a success of their own: they try again when the action works for another one. */
  readonly first: Set<ObjectKey>
  /** Were woken: whoever is denied again has reasons of its own, and backs off. */
  readonly woken: Set<ObjectKey>
  wokenAt: number
  /** They close the gate when the last success is old enough: keeps them from it. */
  cancelClosing?: (() => void) | undefined
}

export interface AccountGateParts {
  readonly clock: Clock
  readonly log: Log
  /** How many groups there are. */
  readonly groups: () => number
  /** Asks for a reconcile of keys: their wait is over, or it is their turn to try. */
  readonly wake: (keys: Iterable<ObjectKey>, why: 'AccountWorks' | 'AccountHeld' | 'Probe') => void
}

/**
 * Keeps calls back that are pointless because of who makes them: all, when the credentials are refused; those of one
 * action, when three keys in a row lack the permission, of two groups where there are two, and nobody had it within the last
 * minute. While it is closed, one key at a time may try, each time another, and groups take turns; when its call is
 * accepted, all go on, also those that were denied before it closed. Where it never closed, they go on with the next call of
 * another key that is accepted. What fails for reasons of a key's own never keeps the others back (I14), nor does an outage.
 */
export class AccountGate {
  readonly #parts: AccountGateParts
  readonly #closed = new Map<Scope, Closed>()
  /** Keys that wait, in order of arrival. */
  readonly #waiting = new Map<ObjectKey, Waiting>()
  readonly #denied = new Map<ServiceAction, Denied>()
  /** When a call of an action was last accepted (ms of the monotonic clock). */
  readonly #acceptedAt = new Map<ServiceAction, number>()

  constructor(parts: AccountGateParts) {
    this.#parts = parts
  }

  /** Why this key has to wait with this action; undefined: it has not. Changes nothing. */
  holdOf(key: ObjectKey, action: ServiceAction): Reason | undefined {
    // Whoever tries the credentials may meet a missing permission: that answers the question, too.
    const scope = this.#closed.has('caller') ? 'caller' : action
    const closed = this.#closed.get(scope)
    return closed && closed.probe !== key ? reasonOf(scope) : undefined
  }

  /** Why keys are kept back at present. */
  held(): readonly Reason[] {
    return [...new Set([...this.#closed.keys()].map(reasonOf))]
  }

  /** A key of a group waits at the gate, which is closed for it. */
  wait(key: ObjectKey, action: ServiceAction, group: string): void {
    this.#waiting.set(key, { action, group })
  }

  /** The key does not wait: it goes on to a lane, and stays the probe if it is one. */
  enter(key: ObjectKey): void {
    this.#waiting.delete(key)
  }

  /** The key wants no call any more: if it was to try, another one tries. */
  withdraw(key: ObjectKey): void {
    this.#waiting.delete(key)
    for (const [scope, closed] of [...this.#closed]) if (closed.probe === key) this.#probe(scope)
  }

  /** The key is gone. A gate that nobody waits at is open again. */
  forget(key: ObjectKey): void {
    this.withdraw(key)
    for (const { inARow, first, woken } of this.#denied.values()) {
      for (const keys of [inARow, first, woken]) keys.delete(key)
    }
    for (const [scope, closed] of [...this.#closed]) {
      if (closed.last === key && !closed.probe && this.#waitersOf(scope).length === 0) this.#open(scope)
    }
  }

  /** A call of this action by a key was accepted, or refused for reasons of the key's own. */
  succeeded(action: ServiceAction, key: ObjectKey): void {
    this.#acceptedAt.set(action, this.#parts.clock.elapsed())
    const denied = this.#denied.get(action)
    for (const keys of [denied?.first, denied?.woken]) keys?.delete(key)
    denied?.inARow.clear()
    this.#keepOpen(denied)
    this.#release('caller')
    const wasClosed = this.#closed.has(action)
    this.#release(action)
    if (denied) this.#wakeDenied(denied, wasClosed)
  }

  /** A call of a key failed. `group`: undefined where the key is gone. */
  failed(key: ObjectKey, group: string | undefined, error: ServiceError): void {
    const { failure, action, requestId, countsForAccount } = error
    switch (failure) {
      case 'caller':
        if (countsForAccount) this.#close('caller', key, group, error)
        return
      case 'not-allowed':
        if (requestId !== undefined) this.#release('caller')
        if (actionTable[action].deniedScope === 'account') this.#deny(key, group, error)
        if (!countsForAccount || actionTable[action].deniedScope === 'key') this.#saidNothing(key)
        return
      case 'cosmetic':
        // It is tried without cosmetics at once, and that answer counts.
        if (requestId !== undefined) this.#release('caller')
        return
      case 'throttled':
      case 'outage':
        this.#saidNothing(key)
        return
      default:
        // Whoever looks at the certificate has accepted the caller. What does not come from the service proves nothing.
        if (requestId === undefined) this.#saidNothing(key)
        else this.succeeded(action, key)
    }
  }

  /** New credentials are there: they are tried at once, and what the old ones lacked is forgotten. */
  credentialsChanged(): void {
    for (const denied of this.#denied.values()) this.#keepOpen(denied)
    this.#denied.clear()
    this.#acceptedAt.clear()
    for (const [scope, closed] of [...this.#closed]) {
      closed.attempt = 0
      this.#probe(scope)
    }
  }

  /** There are more groups than before: what one group alone lacks does not keep the others back. */
  groupsChanged(): void {
    for (const scope of [...this.#closed.keys()]) {
      if (scope !== 'caller' && !this.#isDenied(scope))
        this.#release(scope, 'one namespace alone lacks a permission')
    }
  }

  close(): void {
    for (const closed of this.#closed.values()) closed.cancel()
    for (const denied of this.#denied.values()) this.#keepOpen(denied)
    this.#waiting.clear()
  }

  #deny(key: ObjectKey, group: string | undefined, error: ServiceError): void {
    const { action } = error
    // A key that is gone is nobody's witness: neither a third key nor a second group.
    if (group === undefined) return
    const denied: Denied = this.#denied.get(action) ?? {
      inARow: new Map(),
      first: new Set(),
      woken: new Set(),
      wokenAt: Number.NEGATIVE_INFINITY,
    }
    this.#denied.set(action, denied)
    if (!denied.woken.has(key)) denied.first.add(key)
    if (!error.countsForAccount) return
    denied.inARow.set(key, group)
    if (!this.#closed.has(action) && !this.#isDenied(action)) return
    const { clock } = this.#parts
    const isProvenFor =
      (this.#acceptedAt.get(action) ?? Number.NEGATIVE_INFINITY) + provenMs - clock.elapsed()
    if (this.#closed.has(action) || isProvenFor <= 0) this.#close(action, key, group, error)
    else denied.cancelClosing ??= clock.after(isProvenFor, () => this.#closeLate(denied, key, group, error))
  }

  /** Nothing was accepted meanwhile. Those that back off since they were denied wait at the gate from now on. */
  #closeLate(denied: Denied, key: ObjectKey, group: string, error: ServiceError): void {
    denied.cancelClosing = undefined
    if (!this.#isDenied(error.action)) return
    this.#close(error.action, key, group, error)
    this.#parts.wake([...denied.inARow.keys()], 'AccountHeld')
  }

  #keepOpen(denied: Denied | undefined): void {
    denied?.cancelClosing?.()
    if (denied) denied.cancelClosing = undefined
  }

  #isDenied(action: ServiceAction): boolean {
    const inARow = this.#denied.get(action)?.inARow
    if (!inARow || inARow.size < deniedKeys) return false
    return new Set(inARow.values()).size >= Math.min(deniedGroups, this.#parts.groups())
  }

  #close(scope: Scope, key: ObjectKey, group: string | undefined, { code, action }: ServiceError): void {
    const { clock, log } = this.#parts
    const before = this.#closed.get(scope)
    // Calls that were under way when it closed say nothing new; a probe does.
    if (before && before.probe !== key) return
    const closed = before ?? {
      since: clock.elapsed(),
      last: key,
      triedIn: new Map(group === undefined ? [] : [[group, 0]]),
      round: 0,
      attempt: 0,
      probe: undefined,
      cancel: () => {},
    }
    closed.last = key
    closed.attempt++
    this.#closed.set(scope, closed)
    if (!before) {
      const message = 'calls to the account are on hold until a probe is accepted'
      log.error({ reason: 'AccountHeld', code, action }, message)
    }
    this.#probeLater(scope, closed)
  }

  /** The call of a key said nothing of the caller: if it was to try, one of another group does so soon. */
  #saidNothing(key: ObjectKey): void {
    for (const [scope, closed] of this.#closed) {
      if (closed.probe !== key) continue
      closed.last = key
      const isOtherNext = this.#waitersOf(scope).some(
        ([, { group }]) => closed.triedIn.get(group) !== closed.round,
      )
      if (isOtherNext) this.#probeAfter(otherGroupMs, scope, closed)
      else this.#probeLater(scope, closed)
    }
  }

  #probeLater(scope: Scope, closed: Closed): void {
    const [first, longest] = probes[scope === 'caller' ? 'caller' : 'action']
    closed.round++
    this.#probeAfter(doubling(first, longest, closed.attempt), scope, closed)
  }

  #probeAfter(ms: number, scope: Scope, closed: Closed): void {
    closed.probe = undefined
    closed.cancel()
    closed.cancel = this.#parts.clock.after(ms, () => this.#probe(scope))
  }

  #probe(scope: Scope): void {
    const closed = this.#closed.get(scope)
    if (!closed) return
    closed.cancel()
    closed.probe = undefined
    const next = this.#nextOf(scope, closed)
    if (next === undefined) {
      this.#open(scope)
      return
    }
    const [key, { group }] = next
    closed.probe = key
    closed.triedIn.delete(group)
    closed.triedIn.set(group, closed.round)
    this.#waiting.delete(key)
    this.#parts.wake([key], 'Probe')
  }

  /** Of the group that tried least recently, the key that waits longest, and only if there is no other the last one. */
  #nextOf(scope: Scope, { last, triedIn }: Closed): [ObjectKey, Waiting] | undefined {
    const waiters = this.#waitersOf(scope)
    const groups = new Set(waiters.map(([, { group }]) => group))
    const fresh = waiters.find(([, { group }]) => !triedIn.has(group))?.[1].group
    const turn = fresh ?? [...triedIn.keys()].find((it) => groups.has(it))
    const ofGroup = waiters.filter(([, { group }]) => group === turn)
    return ofGroup.find(([key]) => key !== last) ?? ofGroup[0]
  }

  #waitersOf(scope: Scope): [ObjectKey, Waiting][] {
    return [...this.#waiting].filter(([, { action }]) => scope === 'caller' || scope === action)
  }

  /** Nobody waits: whoever comes next finds out. */
  #open(scope: Scope): void {
    this.#closed.get(scope)?.cancel()
    this.#closed.delete(scope)
    this.#parts.log.info(
      { reason: 'AccountReleased', count: 0 },
      'no call waits for the account; the hold is released',
    )
  }

  #release(scope: Scope, message = 'the account works again'): void {
    const closed = this.#closed.get(scope)
    if (!closed) return
    closed.cancel()
    this.#closed.delete(scope)
    const keys = this.#waitersOf(scope).flatMap(([key, { action }]) =>
      this.holdOf(key, action) ? [] : [key],
    )
    for (const key of keys) this.#waiting.delete(key)
    const { log, clock, wake } = this.#parts
    const durationMs = Math.round(clock.elapsed() - closed.since)
    log.info({ reason: 'AccountReleased', durationMs, count: keys.length }, message)
    wake(keys, 'AccountWorks')
  }

  /** Those that back off since they were denied once are due: at once where the gate was closed. */
  #wakeDenied(denied: Denied, atOnce: boolean): void {
    const { clock, wake } = this.#parts
    const now = clock.elapsed()
    if (denied.first.size === 0 || (!atOnce && now < denied.wokenAt + wakeEveryMs)) return
    const keys = [...denied.first]
    denied.first.clear()
    for (const key of keys) denied.woken.add(key)
    denied.wokenAt = now
    wake(keys, 'AccountWorks')
  }
}

function reasonOf(scope: Scope): Reason {
  return scope === 'caller' ? 'CredentialsRefused' : 'NotAllowed'
}
