/** What a reflector says of itself. */
export interface WatchState {
  /** Undefined: the whole cluster. */
  readonly namespace: string | undefined
  /** Its Secrets were listed at least once. */
  readonly hasSynced: boolean
  /** Age of its data, ms: since it was last current, or since the start. */
  readonly silenceMs: number
  /** Why the last attempt failed; undefined when the data is current again. */
  readonly failure: { readonly forbidden: boolean; readonly message: string } | undefined
}

export interface WatchHealth {
  /** Why the operator is not ready; undefined when it is. */
  readonly problem: string | undefined
  /** Age of the data, ms: the longest silence where the Secrets can be read; of all where none can. */
  readonly ageMs: number
  /** The namespaces that cannot be read, with the reason. */
  readonly unreadable: ReadonlyMap<string, string>
}

/** Older data is not called ready: two bookmarks and a reconnect were missed. */
const staleMs = 180_000
/** A watch that works is heard more often: bookmarks come once a minute. */
const longestPauseMs = 90_000

/**
 * Judges namespaces one by one: the operator is ready when those that can be read are listed and fresh. One cannot be
 * read while the API server forbids it, or when its data is three minutes old though others are heard. Where none can be
 * read, the last lists count until they are that old.
 */
export function watchHealth(states: readonly WatchState[]): WatchHealth {
  const othersAreHeard = states.some(({ silenceMs }) => silenceMs <= longestPauseMs)
  const isUnreadable = (state: WatchState) =>
    state.failure?.forbidden === true || (isStale(state) && othersAreHeard)
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
  return behind && silence(behind)
}

function problemWhereNoneIsReadable(states: readonly WatchState[]): string | undefined {
  if (states.some((state) => state.hasSynced && !isStale(state))) return undefined
  const [first] = states
  return first && `the Secrets cannot be read: ${reasonOf(first)}`
}

function isStale({ silenceMs }: WatchState): boolean {
  return silenceMs > staleMs
}

function reasonOf(state: WatchState): string {
  return state.failure?.message ?? silence(state)
}

function silence({ hasSynced, silenceMs }: WatchState): string {
  if (!hasSynced) return 'the Secrets are not listed yet'
  return `the API server was last heard ${Math.round(silenceMs / 1_000)} s ago`
}
