export interface EventuallyOptions {
  /** Default 30,000 ms. */
  readonly timeoutMs?: number
  /** Said when it does not happen. */
  readonly details?: () => string
  /** Why it cannot happen any more, when so. */
  readonly giveUp?: () => string | undefined
}

/**
 * Resolves as soon as `holds` says true, looking every 20 ms.
 * @throws Error that names `what` when it has not happened in time
 */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { timeoutMs = 30_000, details, giveUp }: EventuallyOptions = {},
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await holds())) {
    const reason = giveUp?.() ?? (performance.now() > deadline ? `not within ${timeoutMs} ms` : undefined)
    if (reason) throw new Error(`${what}: ${reason}. ${details?.() ?? ''}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
