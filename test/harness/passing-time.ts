import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.ts'

const channel = 'http.client.request.start'

/** A request that nobody answers must not stop the time for ever: that is what time-outs are tested with. */
const patienceMs = 1_000

/**
 * Time as an operator in this process has it, moved by hand. It stands still while a request of this process is under
 * way (watches apart), so that whatever the machine is busy with, answers take no time and nothing times out that is
 * answered. One at a time in a test file: it sees everybody's requests.
 */
export class PassingTime {
  readonly clock: ManualClock = createManualClock(Date.now())
  readonly #underWay = new Set<ClientRequest>()
  readonly #onStart = (message: unknown) => this.#started((message as { request: ClientRequest }).request)

  constructor() {
    subscribe(channel, this.#onStart)
  }

  /** Lets `ms` go by in steps. Looks at `each` after every step. */
  async pass(ms: number, stepMs = 1_000, each: () => void | Promise<void> = () => {}): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      await this.#settle()
      await this.clock.advance(Math.min(stepMs, left))
      await this.#settle()
      await each()
    }
  }

  /**
   * Lets time go by until `holds` says true; resolves with how long it took, ms.
   * @throws Error that names `what` when it has not happened within `withinMs`
   */
  async until(
    what: string,
    holds: () => boolean | Promise<boolean>,
    { withinMs, stepMs = 1_000 }: { readonly withinMs: number; readonly stepMs?: number },
  ): Promise<number> {
    const start = this.clock.elapsed()
    for (;;) {
      await this.#settle()
      const tookMs = this.clock.elapsed() - start
      if (await holds()) return tookMs
      if (tookMs >= withinMs) throw new Error(`${what}: not within ${withinMs} ms of the operator's clock`)
      await this.clock.advance(stepMs)
    }
  }

  /** No longer looks at requests. */
  end(): void {
    unsubscribe(channel, this.#onStart)
  }

  #started(request: ClientRequest): void {
    if (request.path.includes('watch=true')) return
    this.#underWay.add(request)
    request.once('close', () => this.#underWay.delete(request))
  }

  /** Resolves when no request is under way, and none follows from what the last one brought about. */
  async #settle(): Promise<void> {
    const deadline = performance.now() + patienceMs
    for (let quiet = 0; quiet < 2 && performance.now() < deadline; ) {
      await sleep(1)
      quiet = this.#underWay.size === 0 ? quiet + 1 : 0
    }
  }
}
