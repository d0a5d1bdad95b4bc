import { readStatus } from '../../src/contract/status.ts'
import { existing } from './account.ts'
import { canonical } from './canonical.ts'
import { endings, type Move, requested, waits } from './moves.ts'
import { partsOf } from './process.ts'
import { reconcile } from './reconcile.ts'
import { keys, leaderOf, secretOf, type World } from './small-world.ts'

/** More than that, and the operator makes no headway. */
const mostTurns = 400
/**
 * Back in the same state so often: it is going round in circles. Times have classes: for a copy whose answer was lost, it
 * searches every ten seconds until a minute is over.
 */
const mostReturns = 8

/**
 * Whether every state has a way on: with nothing going wrong any more, a fair schedule (what is under way ends, every key
 * is reconciled in turn, then time passes) leads to both Secrets Synced, and, once their users ask, with ids that exist.
 */
export class WayOn {
  /** States from which it is known to lead there. */
  readonly #good = new Set<string>()

  /** What is wrong; undefined where the way was found. */
  async problemOf(start: World): Promise<string | undefined> {
    const quiet = await this.#settle({ ...start, processes: [leaderOf(start)] })
    if (quiet.problem !== undefined) return quiet.problem
    if (quiet.known) return undefined
    const asked = keys.some((key) => isDeadId(quiet.world, key))
      ? keys.reduce((world, key) => requested(world, key), quiet.world)
      : quiet.world
    const end = asked === quiet.world ? quiet : await this.#settle(asked)
    if (end.problem !== undefined) return `${end.problem} (after requested-at)`
    const isDead = !end.known && keys.some((key) => isDeadId(end.world, key))
    if (isDead && !end.world.profile.deniesLookups) return 'I6: requested-at leaves an id that was deleted'
    for (const state of quiet.passed) this.#good.add(state)
    return undefined
  }

  async #settle(start: World): Promise<Settled> {
    const passed: string[] = []
    let world = start
    let state = canonical(world)
    for (let turn = 0; turn < mostTurns; turn++) {
      if (this.#good.has(state)) return { world, passed, known: true }
      const isCircle = passed.filter((it) => it === state).length >= mostReturns
      if (isCircle) return { world, passed, known: false, problem: problemAtRest(world) }
      passed.push(state)
      const after = await turnOf(world)
      const stateAfter = canonical(after)
      const [wait] = stateAfter === state ? waits(after) : []
      if (stateAfter === state && !wait) return { world, passed, known: false, problem: problemAtRest(world) }
      world = wait ? await wait.apply(after) : after
      state = wait ? canonical(world) : stateAfter
    }
    return { world, passed, known: false, problem: `no way on: ${phasesOf(world)} after ${mostTurns} turns` }
  }
}

interface Settled {
  readonly world: World
  readonly passed: readonly string[]
  readonly known: boolean
  readonly problem?: string | undefined
}

/** Everything under way ends, every key is reconciled. What other processes had sent does not arrive. */
async function turnOf(world: World): Promise<World> {
  let after = await ended(world)
  for (const key of keys) after = await ended(reconcile(after, key))
  return after
}

async function ended(world: World): Promise<World> {
  let after = world
  for (let move = endingOf(after); move !== undefined; move = endingOf(after)) after = await move.apply(after)
  return after
}

function endingOf(world: World): Move | undefined {
  return endings(leaderOf(world), 0)[0]
}

/** Nothing happens any more: both Secrets are synced, with what their certificates are, and with no id known to be gone. */
function problemAtRest(world: World): string | undefined {
  const { ledger } = partsOf(leaderOf(world), world.profile)
  for (const key of keys) {
    const { phase, reason, uploaded } = readStatus(secretOf(world, key).annotations)
    if (phase === 'Failed' && reason !== undefined && world.profile.mayStay.includes(reason)) continue
    if (phase !== 'Synced' || !uploaded) return `no way on: stays with ${phasesOf(world)}`
    if (ledger.isGone(uploaded.certificateId)) return 'I6: rests Synced with an id that is known to be gone'
  }
  return undefined
}

function isDeadId(world: World, key: string): boolean {
  const { uploaded } = readStatus(secretOf(world, key).annotations)
  return uploaded !== undefined && !existing(world.account).some((it) => it.id === uploaded.certificateId)
}

function phasesOf(world: World): string {
  return keys
    .map((key) => {
      const { phase = 'no phase', reason = 'no reason' } = readStatus(secretOf(world, key).annotations)
      return `${phase}/${reason}`
    })
    .join(' and ')
}
