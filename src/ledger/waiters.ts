import type { ObjectKey } from '../ports/secrets.ts'

/** Which keys wait for which news, at most one piece of news each. A key that waits for none costs nothing. */
export class Waiters {
  readonly #news = new Map<ObjectKey, string>()
  readonly #keys = new Map<string, Set<ObjectKey>>()

  /** From now on a key waits for this and for nothing else; undefined: it does not wait. */
  set(key: ObjectKey, news: string | undefined): void {
    const before = this.#news.get(key)
    if (before === news) return
    if (before !== undefined) this.#remove(key, before)
    if (news === undefined) return
    this.#news.set(key, news)
    const keys = this.#keys.get(news) ?? new Set()
    this.#keys.set(news, keys.add(key))
  }

  /** The keys that wait for this. */
  of(news: string): ObjectKey[] {
    return [...(this.#keys.get(news) ?? [])]
  }

  /** The keys that wait for anything. */
  get all(): ObjectKey[] {
    return [...this.#news.keys()]
  }

  #remove(key: ObjectKey, news: string): void {
    this.#news.delete(key)
    const keys = this.#keys.get(news)
    keys?.delete(key)
    if (keys?.size === 0) this.#keys.delete(news)
  }
}
