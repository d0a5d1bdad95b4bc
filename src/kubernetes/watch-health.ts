/** The state of a reflector. */
export interface WatchState {
  /** Undefined: the whole cluster. */
  readonly namespace: string | undefined
  /** The Secrets were listed at least once. */
  readonly hasSynced: boolean
  /** Age of its data, ms: since it was last current, or since the start. */
  readonly silenceMs: number
  /** Why the last attempt failed; undefined once the data is current again. */
  readonly failure: { readonly forbidden: boolean; readonly message: string } | undefined
}

export interface WatchHealth {
  /** Why the operator is not ready; undefined when it is. */
  readonly problem: string | undefined
  /** The largest age of the data, ms: of the namespaces that can be read; of all, if none can. */
  readonly ageMs: number
  /** The namespaces that cannot be read, with the reason. */
  readonly unreadable: ReadonlyMap<string, string>
}

/** Older data is stale: two bookmarks and a reconnect were missed. */
const staleMs = 180_000
/** A working watch receives data more often: bookmarks are sent once a minute. */
const longestPauseMs = 90_000

/**
 * Judges namespaces one by one: the operator is ready if all that can be read are listed and not stale. A namespace is
 * unreadable while the API server forbids to read it, or if its data is stale while that of others is current. If none can
 * be read, the operator stays ready until the data of all is stale.
 */
export function watchHealth(states: readonly WatchState[]): WatchHealth {
  const othersAreCurrent = states.some(({ silenceMs }) => silenceMs <= longestPauseMs)
  const isUnreadable = (state: WatchState) =>
    state.failure?.forbidden === true || (isStale(state) && othersAreCurrent)
  const unreadable = states.filter(isUnreadable)
  const readable = states.filter((state) => !isUnreadable(state))
  const judged = readable.length > 0 ? readable : states
  return {
    problem: readable.length > 0 ? problemOf(readable) : problemWhereNoneIsReadable(states),
    ageMs: Math.max(...judged.map(({ silenceMs }) => silenceMs)),
    unreadable: new Map(
      unreadable.flatMap((state) =>
        state.namespace === undefined ? [] : [[state.namespace, reasonOf(state)]],
      ),
    ),
  }
}

function problemOf(states: readonly WatchState[]): string | undefined {
  const behind = states.find(({ hasSynced }) => !hasSynced) ?? states.find(isStale)
  return behind && delay(behind)
}

function problemWhereNoneIsReadable(states: readonly WatchState[]): string | undefined {
  if (states.some((state) => state.hasSynced && !isStale(state))) return undefined
  const [first] = states
  return first && `failed to read the Secrets: ${reasonOf(first)}`
}

function isStale({ silenceMs }: WatchState): boolean {
  return silenceMs > staleMs
}

function reasonOf(state: WatchState): string {
  return state.failure?.message ?? delay(state)
}

function delay({ hasSynced, silenceMs }: WatchState): string {
  if (!hasSynced) return 'the Secrets are not listed yet'
  return `no data from the API server for ${Math.round(silenceMs / 1_000)} s`
}
