import type { ObjectKey } from '../../ports/secrets.ts'
import type { CallPermit } from './call-permit.ts'
import type { WakeReason } from './call-runner.ts'

/** Who asks for permits on behalf of keys, and is served and woken in their name. */
export interface KeyOwner {
  /** Works on a key with a permit; never throws. */
  serve(key: ObjectKey, permit: CallPermit): Promise<void>
  /** The wait of these keys is over. */
  wakeAtOnce(keys: Iterable<ObjectKey>, why: WakeReason): void
}

/**
 * Tells whose key it is. Keys of Secrets have a slash within (`namespace/name`) and never begin with a tilde; what else
 * needs calls owns `~name`, or many keys of the form `~name/...`.
 */
export class KeyOwners implements KeyOwner {
  readonly #secrets: KeyOwner
  readonly #others: ReadonlyMap<string, KeyOwner>

  /** @param others by the part of their keys before the first slash */
  constructor(secrets: KeyOwner, others: Iterable<readonly [string, KeyOwner]>) {
    this.#secrets = secrets
    this.#others = new Map(others)
  }

  serve(key: ObjectKey, permit: CallPermit): Promise<void> {
    return this.#ownerOf(key).serve(key, permit)
  }

  /** Each owner is woken once, with its keys in their order. */
  wakeAtOnce(keys: Iterable<ObjectKey>, why: WakeReason): void {
    const byOwner = Map.groupBy(keys, (key) => this.#ownerOf(key))
    for (const [owner, its] of byOwner) owner.wakeAtOnce(its, why)
  }

  #ownerOf(key: ObjectKey): KeyOwner {
    if (!key.startsWith('~')) return this.#secrets
    return this.#others.get(key.split('/', 1)[0] ?? key) ?? this.#secrets
  }
}
