import type { CertificateType, Tag } from './certificate-store.ts'
import { maxInAnySecond } from './rate-limit.ts'

/** What became of the answer on its way to the client. */
export type Delivery =
  | 'pending'
  | 'answered'
  /** The client had closed the connection. */
  | 'client-gone'
  /** A fault kept the answer back after the work was done. */
  | 'lost'
  /** A fault sent a broken body. */
  | 'garbled'
  /** A fault killed a process instead of answering. */
  | 'killed'

/** One request that arrived. Never holds key material. */
export interface Call {
  /** 1 for the first call ever, in order of arrival. */
  readonly number: number
  /** X-TC-Action as sent; empty where it was missing. */
  readonly action: string
  /** `Pending`, `Success`, an error code, `HTTP 503` (a status other than 200), `ConnectionReset` or `Hung`. */
  readonly result: string
  readonly delivery: Delivery
  readonly requestId: string
  /** RFC 3339, wall clock. */
  readonly arrivedAt: string
  /** Monotonic clock, ms. */
  readonly arrivedMs: number
  /** Monotonic clock, ms; absent while pending. */
  readonly finishedMs?: number
  /** From the Authorization header, whether or not it was accepted. */
  readonly secretId?: string
  readonly certificateType?: CertificateType
  /** SHA-256 of the first certificate's DER, lower-case hex; absent where it did not parse. */
  readonly leafFingerprint?: string
  readonly chainFingerprint?: string
  readonly alias?: string
  readonly projectId?: number
  readonly certificateUse?: string
  /** As sent: absent means that the API's default, true, was in force. */
  readonly repeatable?: boolean
  readonly tags?: readonly Tag[]
  /** The ids that were asked for. */
  readonly certIds?: readonly string[]
  /** The id that the answer named, in whichever field. */
  readonly certificateId?: string
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
/** A call whose outcome is still to be filled in. */
export type OpenCall = Mutable<Call>

/** Every call since the start, in order of arrival. */
export class CallLog {
  #calls: OpenCall[] = []
  #count = 0

  open(call: Omit<Call, 'number' | 'result' | 'delivery'>): OpenCall {
    this.#count += 1
    const opened: OpenCall = { number: this.#count, result: 'Pending', delivery: 'pending', ...call }
    this.#calls.push(opened)
    return opened
  }

  /** Copies, so that what a test holds does not change under it. */
  list(action?: string): Call[] {
    return this.#calls
      .filter((each) => action === undefined || each.action === action)
      .map((each) => ({ ...each }))
  }

  /** The largest number of arrivals of an action in any exact second, refused ones included. */
  maxInAnySecond(action: string): number {
    return maxInAnySecond(this.#calls.filter((each) => each.action === action).map((each) => each.arrivedMs))
  }

  /** Forgets the calls; numbers go on. */
  clear(): void {
    this.#calls = []
  }
}
