import type { Clock } from '../../src/clock.ts'
import type {
  ObjectKey,
  SecretChange,
  SecretReference,
  SecretSnapshot,
  SecretStore,
  WriteOutcome,
} from '../../src/ports/secrets.ts'

const optIn = 'tencent-cert-sync.io/upload'

export type SecretData = Readonly<Record<string, Buffer | undefined>>

/** An error as the API server's client throws it, without its details. */
export class FakeKubernetesError extends Error {
  override readonly name = 'KubernetesError'
  readonly retryAfterMs: number | undefined

  constructor(message: string, retryAfterMs?: number) {
    super(message)
    this.retryAfterMs = retryAfterMs
  }
}

export interface WatchOptions {
  /** What the watch is timed by. */
  readonly clock: Clock
  /** From a change until the watch reports it, ms: later than the answer to the write. 0: at once, as early as it can be. */
  readonly watchMs?: number
}

/**
 * Secrets as an API server keeps them: every change has a new resourceVersion, a recreated Secret a new uid, and a write
 * that names another state is stale. Changes are reported in their order, as by a reflector.
 */
export class FakeSecretStore implements SecretStore {
  readonly #secrets = new Map<ObjectKey, SecretSnapshot>()
  readonly #gets = new Map<ObjectKey, number>()
  readonly #writes = new Map<ObjectKey, number>()
  readonly #attempts = new Map<ObjectKey, number>()
  #version = 100
  #uids = 0
  readonly #watch: Required<WatchOptions>
  /** To whom the watch reports changes. */
  listener: ((change: SecretChange) => void) | undefined
  /** A policy: the message with which status writes of a key are refused. */
  refusal:
    | ((key: ObjectKey, annotations: Readonly<Record<string, string | null>>) => string | undefined)
    | undefined
  /** What is down: every call of it throws. */
  readonly down = new Set<'get' | 'annotate'>()
  /** Every GET of one of these throws. */
  readonly unreadable = new Set<ObjectKey>()
  /** How long to wait the API server asks when it is down, ms. */
  retryAfterMs: number | undefined
  /** So many writes are done, and their answers lost. */
  lostAnswers = 0
  /** How long a GET takes to be answered, when it takes any time. */
  slowness: (() => Promise<void>) | undefined
  readonly #reading = new Map<ObjectKey, number>()
  /** The most GETs of one Secret that ever were under way at the same time. */
  mostReadingAtOnce = 0
  /** What somebody else does to the Secret just before a write arrives; called once per entry. */
  readonly meanwhile: ((key: ObjectKey) => void)[] = []

  constructor({ clock, watchMs = 5 }: WatchOptions) {
    this.#watch = { clock, watchMs }
  }

  /** Creates a Secret, or replaces annotations and data of the one that is there. */
  put(key: ObjectKey, annotations: Readonly<Record<string, string>>, data: SecretData): void {
    const known = this.#secrets.get(key)
    this.#store(key, { ...(known ?? this.#fresh(key)), annotations: { ...annotations }, data })
  }

  /** New data, annotations as they are: a renewal. */
  replaceData(key: ObjectKey, data: SecretData): void {
    this.#store(key, { ...this.#existing(key), data })
  }

  /** Somebody else sets (text) and removes (null) annotations. */
  edit(key: ObjectKey, annotations: Readonly<Record<string, string | null>>): void {
    const secret = this.#existing(key)
    this.#store(key, { ...secret, annotations: merged(secret.annotations, annotations) })
  }

  delete(key: ObjectKey): void {
    const secret = this.#secrets.get(key)
    this.#secrets.delete(key)
    if (secret && optIn in secret.annotations) this.#report({ kind: 'gone', key, optedOut: false })
  }

  annotations(key: ObjectKey): Readonly<Record<string, string>> {
    return this.#existing(key).annotations
  }

  snapshot(key: ObjectKey): SecretSnapshot {
    return this.#existing(key)
  }

  keys(): ObjectKey[] {
    return [...this.#secrets.keys()]
  }

  /** What a list shows a reflector. */
  list(): SecretChange[] {
    return [...this.#secrets]
      .filter(([, it]) => optIn in it.annotations)
      .map(([key, it]) => ({ kind: 'present', key, resourceVersion: it.resourceVersion, listed: true }))
  }

  gets(key: ObjectKey): number {
    return this.#gets.get(key) ?? 0
  }

  /** Accepted status writes. */
  writes(key: ObjectKey): number {
    return this.#writes.get(key) ?? 0
  }

  /** Status writes that arrived, the stale and the refused ones too. */
  writeAttempts(key: ObjectKey): number {
    return this.#attempts.get(key) ?? 0
  }

  async get(key: ObjectKey, signal: AbortSignal): Promise<SecretSnapshot | undefined> {
    signal.throwIfAborted()
    this.#gets.set(key, this.gets(key) + 1)
    if (this.down.has('get') || this.unreadable.has(key))
      throw new FakeKubernetesError('the API server is down', this.retryAfterMs)
    const secret = this.#secrets.get(key)
    await this.#answerSlowly(key)
    return secret
  }

  async annotate(
    reference: SecretReference,
    annotations: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<WriteOutcome> {
    signal.throwIfAborted()
    if (this.down.has('annotate')) throw new FakeKubernetesError('the API server is down')
    const key = `${reference.namespace}/${reference.name}`
    this.#attempts.set(key, this.writeAttempts(key) + 1)
    this.meanwhile.shift()?.(key)
    const secret = this.#secrets.get(key)
    if (secret?.uid !== reference.uid || secret.resourceVersion !== reference.resourceVersion) {
      return { kind: 'stale' }
    }
    const message = this.refusal?.(key, annotations)
    if (message !== undefined) return { kind: 'refused', message }
    this.#writes.set(key, this.writes(key) + 1)
    const written = this.#store(key, { ...secret, annotations: merged(secret.annotations, annotations) })
    if (this.lostAnswers > 0) {
      this.lostAnswers -= 1
      throw new FakeKubernetesError('no answer')
    }
    return { kind: 'written', resourceVersion: written.resourceVersion }
  }

  async #answerSlowly(key: ObjectKey): Promise<void> {
    const reading = (this.#reading.get(key) ?? 0) + 1
    this.#reading.set(key, reading)
    this.mostReadingAtOnce = Math.max(this.mostReadingAtOnce, reading)
    await this.slowness?.()
    this.#reading.set(key, (this.#reading.get(key) ?? 1) - 1)
  }

  #existing(key: ObjectKey): SecretSnapshot {
    const secret = this.#secrets.get(key)
    if (!secret) throw new Error(`there is no Secret ${key}`)
    return secret
  }

  #fresh(key: ObjectKey): SecretSnapshot {
    const [namespace, name] = key.split('/') as [string, string]
    const uid = `uid-${++this.#uids}`
    return { namespace, name, uid, resourceVersion: '0', annotations: {}, data: {}, deleting: false }
  }

  #store(key: ObjectKey, secret: SecretSnapshot): SecretSnapshot {
    const before = this.#secrets.get(key)
    const stored = { ...secret, resourceVersion: String(++this.#version) }
    this.#secrets.set(key, stored)
    if (optIn in stored.annotations) {
      this.#report({ kind: 'present', key, resourceVersion: stored.resourceVersion, listed: false })
    } else if (before && optIn in before.annotations) {
      this.#report({ kind: 'gone', key, optedOut: true })
    }
    return stored
  }

  #report(change: SecretChange): void {
    const { listener } = this
    const { clock, watchMs } = this.#watch
    const report = () => listener?.(change)
    if (watchMs === 0) queueMicrotask(report)
    else clock.after(watchMs, report)
  }
}

function merged(
  annotations: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const entries = Object.entries({ ...annotations, ...changes })
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null))
}
