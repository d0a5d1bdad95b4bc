import type { Clock } from '../../clock.ts'
import type { Log } from '../../ports/log.ts'
import type { ObjectKey } from '../../ports/secrets.ts'
import type { FailureClass, ServiceError } from '../../ports/service-error.ts'
import type { ServiceAction } from '../../ports/ssl-service.ts'
import { doubling } from '../queue/back-off.ts'

type Cause = 'outage' | 'caller' | 'not-allowed'

interface Hold {
  readonly cause: Cause
  readonly since: number
  /** Whose call failed last: another key tries next, where there is one. */
  readonly last: ObjectKey
  attempt: number
  /** The one key that may try; undefined while the next time is waited for. */
  probe: ObjectKey | 'anyone' | undefined
  cancel: () => void
}

/** First and longest time between probes, ms. */
const probes: Readonly<Record<Cause, readonly [number, number]>> = {
  outage: [1_000, 60_000],
  caller: [30_000, 600_000],
  // No longer: nobody tells us of a policy that was mended.
  'not-allowed': [600_000, 600_000],
}

const outagesInARow = 5
const deniedSecrets = 3

/**
 * Holds the whole account when going on is pointless, so that a thousand Secrets need not each learn of one outage:
 * after five outages in a row from at least two Secrets, when the credentials are refused, or when three Secrets in a
 * row lack the permission to upload. While it holds, one key at a time may try, each time another; when a call comes
 * through, all go on at once. A failure of one Secret's own never holds the others (I14).
 */
export class AccountGate {
  readonly #clock: Clock
  readonly #log: Log
  readonly #wake: (keys: Iterable<ObjectKey>) => void
  /** Keys that wait for the account, in order of arrival. */
  readonly #parked = new Set<ObjectKey>()
  readonly #outages = new Set<ObjectKey>()
  #outageCount = 0
  readonly #denied = new Set<ObjectKey>()
  #hold: Hold | undefined

  /** @param wake asks for a look at keys: their wait for the account is over, or it is their turn to try */
  constructor(clock: Clock, log: Log, wake: (keys: Iterable<ObjectKey>) => void) {
    this.#clock = clock
    this.#log = log
    this.#wake = wake
  }

  get held(): boolean {
    return this.#hold !== undefined
  }

  /** Whether a key has to wait with this action. Changes nothing. */
  holds(key: ObjectKey, action: ServiceAction): boolean {
    if (!this.#concerns(action)) return false
    return this.#hold?.probe !== 'anyone' && this.#hold?.probe !== key
  }

  /** Just before the call: takes the turn to try, when there is one. False: park(). */
  admit(key: ObjectKey, action: ServiceAction): boolean {
    if (this.holds(key, action)) return false
    if (this.#hold && this.#concerns(action)) this.#hold.probe = key
    return true
  }

  /** The key waits for the account; not when its wait ended meanwhile. */
  park(key: ObjectKey): void {
    if (this.#hold === undefined || this.#hold.probe === 'anyone') this.#wake([key])
    else this.#parked.add(key)
  }

  /** The key makes no call, or none that told anything of the account: another one may try. */
  passed(key: ObjectKey): void {
    this.#parked.delete(key)
    if (this.#hold?.probe === key) this.#nextProbe()
  }

  /** A call of this action came through, or was refused for reasons of the Secret's own: the account works. */
  succeeded(action: ServiceAction): void {
    this.#answered()
    if (action === 'UploadCertificate') this.#denied.clear()
    if (this.#concerns(action)) this.#release()
  }

  /** A call failed. `outage` and `caller` count for the account, `not-allowed` only for three Secrets in a row. */
  failed(key: ObjectKey, error: ServiceError): void {
    const cause = this.#causeOf(key, error)
    if (cause === undefined) return
    if (this.#hold) {
      this.#failedAgain(key, cause)
      return
    }
    const since = this.#clock.elapsed()
    this.#hold = { cause, since, last: key, attempt: 1, probe: undefined, cancel: () => {} }
    this.#log.error(
      { reason: 'AccountHeld', code: error.code, action: error.action },
      'the account is held: no Secret is uploaded until a call comes through',
    )
    this.#waitForProbe(this.#hold)
  }

  /** New credentials are there: try at once. */
  probeNow(): void {
    if (!this.#hold || this.#hold.cause === 'outage') return
    this.#hold.attempt = 1
    this.#hold.cancel()
    this.#nextProbe()
  }

  close(): void {
    this.#hold?.cancel()
    this.#parked.clear()
  }

  #causeOf(key: ObjectKey, error: ServiceError): Cause | undefined {
    switch (error.failure satisfies FailureClass) {
      case 'caller':
        return 'caller'
      case 'outage':
        if (!error.countsForAccount) return undefined
        this.#outages.add(key)
        this.#outageCount++
        return this.#hold || (this.#outageCount >= outagesInARow && this.#outages.size > 1)
          ? 'outage'
          : undefined
      case 'not-allowed':
        this.#recognised()
        if (error.action !== 'UploadCertificate' || !error.countsForAccount) return undefined
        this.#denied.add(key)
        return this.#hold || this.#denied.size >= deniedSecrets ? 'not-allowed' : undefined
      case 'throttled':
        return undefined
      case 'cosmetic':
        this.#recognised()
        return undefined
      default:
        // Whoever looks at the certificate has accepted the caller. An answer that is not the service's proves nothing.
        if (error.requestId === undefined) this.passed(key)
        else this.succeeded(error.action)
        return undefined
    }
  }

  /** The service knows the caller, who is perhaps not allowed to upload: the next call tells. */
  #recognised(): void {
    this.#answered()
    if (this.#hold && this.#hold.cause !== 'not-allowed') this.#release()
  }

  /** The service is there. */
  #answered(): void {
    this.#outageCount = 0
    this.#outages.clear()
  }

  #failedAgain(key: ObjectKey, cause: Cause): void {
    const hold = this.#hold
    // Calls that were under way when the hold began say nothing new; a probe does.
    if (!hold || hold.probe !== key) return
    const attempt = hold.cause === cause ? hold.attempt + 1 : 1
    this.#hold = { ...hold, cause, last: key, attempt, probe: undefined }
    this.#parked.delete(key)
    this.#parked.add(key)
    this.#waitForProbe(this.#hold)
  }

  #concerns(action: ServiceAction): boolean {
    if (!this.#hold) return false
    return this.#hold.cause !== 'not-allowed' || action === 'UploadCertificate'
  }

  #waitForProbe(hold: Hold): void {
    hold.cancel()
    hold.cancel = this.#clock.after(doubling(...probes[hold.cause], hold.attempt), () => this.#nextProbe())
  }

  #nextProbe(): void {
    if (!this.#hold) return
    const waiting = [...this.#parked]
    const next = waiting.find((it) => it !== this.#hold?.last) ?? waiting[0]
    this.#hold.probe = next ?? 'anyone'
    if (next === undefined) return
    this.#parked.delete(next)
    this.#wake([next])
  }

  #release(): void {
    const hold = this.#hold
    if (!hold) return
    hold.cancel()
    this.#hold = undefined
    this.#denied.clear()
    const keys = [...this.#parked]
    this.#parked.clear()
    this.#log.info(
      {
        reason: 'AccountReleased',
        durationMs: Math.round(this.#clock.elapsed() - hold.since),
        count: keys.length,
      },
      'the account works again',
    )
    this.#wake(keys)
  }
}
