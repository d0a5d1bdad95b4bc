import { findBinaries } from '../control-plane/binaries.ts'
import { firstSync } from './act-first-sync.ts'
import { kill } from './act-kill.ts'
import { renewal } from './act-renewal.ts'
import { restart } from './act-restart.ts'
import { Board } from './board.ts'
import type { Claim } from './claims.ts'
import { claimText, type Demo, playAct } from './demo.ts'
import { gather } from './evidence.ts'
import { whatToTry } from './keep.ts'
import { seconds } from './row-text.ts'
import type { Screen } from './screen.ts'
import { SecretFeed } from './secret-feed.ts'
import { createCast } from './secrets.ts'
import { namespace, Stage, serviceMs } from './stage.ts'
import { bold, dim, green, red } from './style.ts'
import { summarize } from './summary.ts'

/** In the order in which they are played. */
export const acts = [firstSync, renewal, kill, restart]

/** The demo from the opening of the stage to the summary. */
export class Show {
  readonly #demo: Demo
  readonly #feed: SecretFeed
  readonly #startedAt: number
  /** Of what was uploaded so far, ms. */
  readonly #latencies: number[]

  private constructor(demo: Demo, feed: SecretFeed, startedAt: number, latencies: number[]) {
    this.#demo = demo
    this.#feed = feed
    this.#startedAt = startedAt
    this.#latencies = latencies
  }

  /** Starts everything, which takes a few seconds; minutes where the control plane has to be built first. */
  static async open(screen: Screen): Promise<Show> {
    screen.say(`${bold('tencent-cert-sync')}: a real Kubernetes API server, a simulated Tencent Cloud\n`)
    const binaries = await findBinaries()
    const startedAt = performance.now()
    screen.show(() => [dim(`   … etcd and kube-apiserver start  ${seconds(performance.now() - startedAt)}`)])
    const [stage, cast] = await Promise.all([Stage.create(binaries), createCast()])
    const { controlPlane, simulator } = stage
    const upAt = performance.now()
    const says = (what: string, where: string, ms: number) => {
      screen.say(`   ${green('✓')} ${what.padEnd(31)} ${where.padEnd(24)} ${dim(seconds(ms))}`)
    }
    screen.hide()
    says(`Kubernetes ${controlPlane.connection.version}`, controlPlane.url, upAt - startedAt)
    says('Tencent Cloud SSL, simulated', simulator.url, upAt - startedAt)
    screen.show(() => [dim(`   … the operator starts  ${seconds(performance.now() - upAt)}`)])
    const operator = await stage.startOperator().ready()
    screen.hide()
    says('The operator, the real bundle', `process ${operator.pid}`, performance.now() - upAt)

    const latencies: number[] = []
    const board = new Board([...cast.characters, ...cast.crowd], (row) => {
      if (row.phase === 'Synced' && row.latencyMs !== undefined) latencies.push(row.latencyMs)
      screen.settled(row)
    })
    const feed = new SecretFeed(controlPlane, namespace, ({ name, annotations = {} }) =>
      board.observed(name, annotations, performance.now()),
    )
    return new Show({ stage, cast, board, screen }, feed, startedAt, latencies)
  }

  /** Plays the acts and sums up. @returns whether every promise held */
  async play(): Promise<boolean> {
    const { screen, stage, board } = this.#demo
    const claims: Claim[] = []
    let undisturbed: readonly number[] = []
    for (const [index, act] of acts.entries()) {
      if (act === kill) undisturbed = [...this.#latencies]
      claims.push(...(await playAct(this.#demo, index + 1, act)))
    }
    const numbers = { latencies: undisturbed, serviceMs, tookMs: performance.now() - this.#startedAt }
    screen.say(['', ...summarize(await gather(stage, board), numbers), ''].join('\n'))
    const broken = claims.filter((claim) => claim.broken.length > 0)
    screen.say(
      broken.length === 0
        ? green(bold(`All ${claims.length} promises held.`))
        : [
            red(bold(`${broken.length} of ${claims.length} promises did not hold:`)),
            ...broken.map(claimText),
          ].join('\n'),
    )
    return broken.length === 0
  }

  /** Says what can be tried, and leaves everything running until a signal ends this process. */
  async keep(): Promise<never> {
    this.#demo.screen.say(`\n${whatToTry(this.#demo.stage)}`)
    return new Promise(() => {})
  }

  /** Ends everything that runs. */
  async close(): Promise<void> {
    await this.#feed.close()
    await this.#demo.stage.close()
  }
}
