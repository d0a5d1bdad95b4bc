import type { UploadAction } from '../../src/capabilities/upload/action.ts'
import { type CallResult, makeCall } from '../../src/capabilities/upload/calls.ts'
import type { UploadMemory } from '../../src/capabilities/upload/memory.ts'
import type { UploadCapability } from '../../src/capabilities/upload/upload.ts'
import { type UploadView, withChain } from '../../src/capabilities/upload/view.ts'
import type { Observed } from '../../src/contract/observe.ts'
import type { Answer } from '../../src/engine/capability.ts'
import { decide } from '../../src/engine/decision.ts'
import { statusPatch } from '../../src/engine/status/status-patch.ts'
import type { Instant, Outcome, Step } from '../../src/engine/step.ts'
import type { ObjectKey } from '../../src/ports/secrets.ts'
import { testNow } from '../heart/material.ts'
import { identity } from '../heart/observed.ts'
import { AccountService } from './account.ts'
import { leafOf, observedOf } from './chains.ts'
import { partsOf, rebuild } from './process.ts'
import {
  type Activity,
  type KeyState,
  keyStateOf,
  leaderOf,
  type Process,
  type Statement,
  secretOf,
  type Turn,
  type World,
  type WorldSecret,
  withProcess,
} from './small-world.ts'

/** The service as a call meets it now. */
function serviceOf({ account, profile, now }: World): AccountService {
  return new AccountService(account, profile, leafOf, now)
}

/**
 * The leader reconciles a key, as src/engine/reconciler.ts does: GET, view, recall, next, decided, and then the write or the
 * call. The permit comes at once: whatever happens before it happens before this reconcile. Only what is uploaded again waits
 * for it until the next reconcile, because others wait for that one meanwhile.
 */
export function reconcile(world: World, key: ObjectKey): World {
  const process = leaderOf(world)
  const secret = secretOf(world, key)
  const observed = observedOf(secret)
  const state = keyStateOf(process, key)
  const claimed = observed.status.uploaded?.certificateId
  const claim: Statement = (it) => void viewOf(it, observed)
  const journal = claimed === state.claimed ? process.journal : [...process.journal, claim]
  const { capability } = partsOf({ journal }, world.profile)
  const { memory, step } = decide(capability, observed, state.memory, instantOf(world))
  const hasPermit = turnOf(step) !== 'prepares' || state.turn === 'prepares'
  const taken = { key, secret, capability, step, journal, state: { ...state, memory, claimed } }
  return withStep(world, 0, taken, { hasPermit })
}

/** The call of a key is answered: the ledger learns, `model` digests it, and the next step is taken. */
export function digest(world: World, index: number, key: ObjectKey, answer: Answer<CallResult>): World {
  const process = world.processes[index] as Process
  const state = keyStateOf(process, key)
  if (state.activity.kind !== 'calling') throw new Error(`${key} makes no call`)
  const { secret, action } = state.activity
  const now = instantOf(world)
  const observed = observedOf(secret)
  const { capability } = rebuild(process, world.profile)
  const view = viewOf(capability, observed)
  const { memory: before } = state
  capability.ended(view, before, action, answer, now)
  const digested = capability.model(view, before, action, answer, now)
  const { memory, step } = decide(capability, observed, digested, now)
  const ended: Statement = (it) => it.ended(viewOf(it, observed), before, action, answer, now)
  const journal = [...process.journal, ended]
  const taken = { key, secret, capability, step, journal, state: { ...state, memory } }
  return withStep(world, index, taken, { hasPermit: false })
}

/** The leader cannot read a Secret: nobody knows which step it takes. */
export function interrupted(world: World, key: ObjectKey): World {
  const process = leaderOf(world)
  const now = instantOf(world)
  const said: Statement = (it) => it.interrupted(key, now)
  const keys = { ...process.keys, [key]: { ...keyStateOf(process, key), turn: 'none' as const } }
  return withProcess(world, 0, { journal: [...process.journal, said], keys })
}

/** A process that leads no more gives its call up. */
export function abandoned(world: World, index: number, key: ObjectKey): World {
  const process = world.processes[index] as Process
  const state = keyStateOf(process, key)
  if (state.activity.kind !== 'calling') throw new Error(`${key} makes no call`)
  const { secret, action } = state.activity
  const now = instantOf(world)
  const said: Statement = (it) => it.abandoned(viewOf(it, observedOf(secret)), action, now)
  const keys = { ...process.keys, [key]: { ...state, activity: { kind: 'idle' } as const } }
  return withProcess(world, index, { journal: [...process.journal, said], keys })
}

/** Makes the call that is under way for a key, against the account as it is. */
export async function callOf(
  world: World,
  { secret, action }: Extract<Activity, { kind: 'calling' }>,
): Promise<{ readonly answer: Answer<CallResult>; readonly world: World }> {
  const service = serviceOf(world)
  const observed = observedOf(secret)
  const view = withChain({ observed, chain: observed.material.chain, identity })
  const answer = await makeCall(service, view, action, new AbortController().signal).then(
    (value): Answer<CallResult> => ({ ok: true, value }),
    (error): Answer<CallResult> => ({ ok: false, error }),
  )
  return { answer, world: { ...world, account: service.account } }
}

export function instantOf({ now }: World): Instant {
  return { wall: testNow + now, elapsed: now }
}

interface KeyStep {
  readonly key: ObjectKey
  readonly secret: WorldSecret
  readonly capability: UploadCapability
  readonly step: Step<UploadAction>
  readonly journal: readonly Statement[]
  readonly state: KeyState
}

function withStep(
  world: World,
  index: number,
  { key, secret, capability, step, journal, state }: KeyStep,
  { hasPermit }: { readonly hasPermit: boolean },
): World {
  const process = world.processes[index] as Process
  const until = 'until' in step ? step.until : undefined
  const outcome = outcomeOf(step)
  const slice =
    step.kind === 'Report' ? step.outcome.slice : step.kind === 'WriteFirst' ? step.slice : undefined
  const observed = observedOf(secret)
  const now = instantOf(world)
  const patch = statusPatch(secret.annotations, { ...slice, ...outcome?.slice })
  const isCalled = step.kind === 'Call' && hasPermit && !patch
  const decided: Statement = (it) => it.decided(viewOf(it, observed), step, now)
  const isNews = turnOf(step) !== 'none' || Object.values(process.keys).some((it) => it.turn !== 'none')
  const decisions = isNews && !isCalled ? [decided] : []
  const reported: UploadMemory = outcome
    ? capability.reporting(observed, state.memory, outcome)
    : state.memory
  const reports: readonly Statement[] = outcome
    ? [(it) => void it.reporting(observed, state.memory, outcome)]
    : []
  const become = (memory: UploadMemory, activity: Activity, more: readonly Statement[] = []) => {
    const turn = activity.kind === 'calling' ? 'none' : isCalled ? state.turn : turnOf(step)
    const keys = { ...process.keys, [key]: { ...state, memory, activity, until, turn } }
    return withProcess(world, index, { journal: [...journal, ...decisions, ...reports, ...more], keys })
  }
  if (patch) return become(reported, { kind: 'writing', secret, patch, slice })
  const memory = slice ? capability.written(reported, slice) : reported
  if (!isCalled) return become(memory, { kind: 'idle' })
  const { action } = step
  const flight = capability.flightOf(viewOf(capability, observed), action)
  if (isUnderWay(process, flight)) return become(memory, { kind: 'idle' })
  const begins: Statement = (it) => it.begins(viewOf(it, observed), action, now)
  return become(memory, { kind: 'calling', secret, action, flight }, [begins])
}

/** What a step says of the turn of its key: see UploadCapability.decided. */
function turnOf(step: Step<UploadAction>): Turn {
  if (step.kind === 'Wait') return step.forTurn ? 'waits' : 'none'
  const isReUpload = step.kind === 'Call' && step.action.name === 'UploadCertificate' && step.action.replaces
  return isReUpload ? 'prepares' : 'none'
}

/** What the capability sees, once it has taken note of it. */
function viewOf(capability: UploadCapability, observed: Observed): UploadView {
  const view = capability.view(observed)
  capability.noticed(view)
  return view
}

function isUnderWay({ keys }: Process, flight: string): boolean {
  return Object.values(keys).some(({ activity }) => activity.kind === 'calling' && activity.flight === flight)
}

function outcomeOf(step: Step<UploadAction>): Outcome | undefined {
  if (step.kind === 'Report') return step.outcome
  return 'meanwhile' in step ? step.meanwhile : undefined
}
