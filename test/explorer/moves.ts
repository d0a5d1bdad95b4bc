import { statusPrefix, userKeys } from '../../src/contract/annotation-keys.ts'
import type { Answer } from '../../src/engine/capability.ts'
import { listedLateMs } from '../../src/ledger/entry.ts'
import type { ObjectKey } from '../../src/ports/secrets.ts'
import { ServiceError } from '../../src/ports/service-error.ts'
import { existing, type StoredCertificate } from './account.ts'
import { partsOf } from './process.ts'
import { abandoned, callOf, digest, interrupted, reconcile } from './reconcile.ts'
import {
  type Activity,
  freshProcess,
  isBusy,
  keyStateOf,
  keys,
  leaderOf,
  type Process,
  secretOf,
  type World,
  withProcess,
  withSecret,
} from './small-world.ts'

/** One thing that may happen next. */
export interface Move {
  readonly label: string
  /** Something goes wrong, or somebody interferes. The other moves are the operator's own, and what it waits for. */
  readonly isEvent?: true
  apply(world: World): World | Promise<World>
}

/** A call that was sent so long ago, ms, does not arrive any more: its slot is free again. */
const arrivesWithinMs = 30_000
const tenMinutes = 10 * 60_000
/** What the service said longer ago counts as a claim. */
const overADay = 25 * 3_600_000
const mostRequests = 2

/** Everything that may happen in a state. */
export function movesOf(world: World): Move[] {
  return [
    ...reconciles(world),
    ...world.processes.flatMap((it, i) => endings(it, i)),
    ...waits(world),
    ...[...faults(world), ...interference(world)].map((it) => ({ ...it, isEvent: true as const })),
  ]
}

function reconciles(world: World): Move[] {
  const leader = leaderOf(world)
  return keys
    .filter((key) => !isBusy(keyStateOf(leader, key)))
    .map((key) => ({ label: `${key} is reconciled`, apply: (it) => reconcile(it, key) }))
}

/** What is under way ends well. */
export function endings(process: Process, index: number): Move[] {
  const who = process.state === 'leading' ? '' : ` (${process.state} process)`
  return keys.flatMap((key): Move[] => {
    const { activity } = keyStateOf(process, key)
    if (activity.kind === 'calling') {
      const label = `${key}: ${nameOf(activity)} is answered${who}`
      return [{ label, apply: (world) => answered(world, index, key) }]
    }
    if (activity.kind === 'writing') {
      const label = `${key}: the status is written${who}`
      return [{ label, apply: (world) => write(world, index, key, { answered: process.state !== 'dead' }) }]
    }
    return []
  })
}

/** Time passes until the leader reconciles again, unless something that would have ended by then is under way. */
export function waits(world: World): Move[] {
  const leader = leaderOf(world)
  const untils = Object.values(leader.keys).flatMap(({ until = 0 }) => (until > world.now ? [until] : []))
  if (untils.length === 0) return []
  const next = Math.min(...untils)
  return mayPass(world, next - world.now)
    ? [{ label: `${(next - world.now) / 1_000} s pass`, apply: (it) => at(it, next) }]
    : []
}

function faults(world: World): Move[] {
  const unread = keys
    .filter(
      (key) => keyStateOf(leaderOf(world), key).turn !== 'none' && !isBusy(keyStateOf(leaderOf(world), key)),
    )
    .map((key): Move => ({ label: `${key} cannot be read`, apply: (it) => interrupted(it, key) }))
  const ofProcesses = world.processes.flatMap((process, index) =>
    process.state === 'dead' ? [] : keys.flatMap((key) => faultsOf(process, index, key)),
  )
  const successor = (state: 'deposed' | 'dead', label: string): Move => ({
    label,
    apply: (it) => succeeded(it, state),
  })
  const isAlone = world.processes.length === 1
  const isKnowing = leaderOf(world).journal.length > 0
  const ends = isAlone && isKnowing ? [successor('dead', 'the process is killed; a new one starts')] : []
  const isWorking = Object.values(leaderOf(world).keys).some(isBusy)
  const lost = isAlone && isWorking ? [successor('deposed', 'the lease is lost to another process')] : []
  return [...ofProcesses, ...unread, ...ends, ...lost]
}

function faultsOf(process: Process, index: number, key: ObjectKey): Move[] {
  const { activity } = keyStateOf(process, key)
  if (activity.kind === 'calling') {
    const what = `${key}: ${nameOf(activity)}`
    return [
      { label: `${what} arrives, its answer is lost`, apply: (it) => lost(it, index, key) },
      { label: `${what} never arrives`, apply: (it) => failed(it, index, key, 'outage') },
      { label: `${what} is throttled`, apply: (it) => failed(it, index, key, 'throttled') },
      ...(process.state === 'deposed'
        ? [{ label: `${what} is given up`, apply: (it: World) => abandoned(it, index, key) }]
        : []),
    ]
  }
  if (activity.kind === 'writing') {
    return [
      {
        label: `${key}: the status is written, the answer is lost`,
        apply: (it) => write(it, index, key, { answered: false }),
      },
      { label: `${key}: the write of the status fails`, apply: (it) => idle(it, index, key) },
    ]
  }
  return []
}

/** What people do. */
function interference(world: World): Move[] {
  const ofSecrets = keys.flatMap((key): Move[] => {
    const secret = secretOf(world, key)
    const requests = Number(secret.annotations[userKeys.requestedAt] ?? 0)
    const isWritten = Object.keys(secret.annotations).some((it) => it.startsWith(statusPrefix))
    return [
      {
        label: `${key} gets chain ${1 - secret.chain}`,
        apply: (it) => withSecret(it, key, { chain: secret.chain === 0 ? 1 : 0 }),
      },
      ...(requests < mostRequests
        ? [{ label: `${key}: requested-at is ${requests + 1}`, apply: (it: World) => requested(it, key) }]
        : []),
      ...(isWritten ? [{ label: `${key}: the status is wiped`, apply: (it: World) => wiped(it, key) }] : []),
    ]
  })
  const ofAccount = existing(world.account).map(
    ({ id }): Move => ({
      label: `${id} is deleted in the console`,
      apply: (it) => ({
        ...it,
        account: it.account.map((one) => (one.id === id ? { ...one, deleted: true } : one)),
      }),
    }),
  )
  const ofTime = [tenMinutes, overADay]
    .filter((ms) => mayPass(world, ms))
    .map((ms): Move => ({ label: `${ms / 60_000} min pass`, apply: (it) => at(it, it.now + ms) }))
  return [...ofSecrets, ...ofAccount, ...ofTime]
}

/** A user asks whether the id on record exists. */
export function requested(world: World, key: ObjectKey): World {
  const { annotations } = secretOf(world, key)
  const next = String(Number(annotations[userKeys.requestedAt] ?? 0) + 1)
  return withSecret(world, key, { annotations: { ...annotations, [userKeys.requestedAt]: next } })
}

function wiped(world: World, key: ObjectKey): World {
  const kept = Object.entries(secretOf(world, key).annotations).filter(([it]) => !it.startsWith(statusPrefix))
  return withSecret(world, key, { annotations: Object.fromEntries(kept) })
}

/** The instant `now`. What processes that do not lead have sent long ago does not arrive any more. */
function at(world: World, now: number): World {
  const processes =
    now - world.now >= arrivesWithinMs
      ? world.processes.filter((it) => it.state === 'leading')
      : world.processes
  return { ...world, now, processes }
}

/** A call ends within half a minute; a write at once. */
function mayPass(world: World, ms: number): boolean {
  const activities = Object.values(leaderOf(world).keys).map((it) => it.activity.kind)
  return !activities.includes('writing') && (ms < arrivesWithinMs || !activities.includes('calling'))
}

function succeeded(world: World, state: 'deposed' | 'dead'): World {
  const [leader, ...others] = world.processes as readonly [Process, ...Process[]]
  const old = { ...leader, state }
  const isLeft = Object.values(old.keys).some(isBusy)
  return { ...world, processes: [freshProcess, ...(isLeft ? [old] : []), ...others] }
}

async function answered(world: World, index: number, key: ObjectKey): Promise<World> {
  const process = world.processes[index] as Process
  const { activity } = keyStateOf(process, key)
  if (activity.kind !== 'calling') throw new Error(`${key} makes no call`)
  const { answer, world: after } = await callOf(world, activity)
  const arrived = process.state === 'leading' ? after : withExcuse(world, after, activity)
  return process.state === 'dead' ? idle(arrived, index, key) : digest(arrived, index, key, answer)
}

async function lost(world: World, index: number, key: ObjectKey): Promise<World> {
  const process = world.processes[index] as Process
  const { activity } = keyStateOf(process, key)
  if (activity.kind !== 'calling') throw new Error(`${key} makes no call`)
  const { world: after } = await callOf(world, activity)
  const arrived = process.state === 'leading' ? after : withExcuse(world, after, activity)
  return failed(arrived, index, key, 'outage')
}

function failed(world: World, index: number, key: ObjectKey, failure: 'outage' | 'throttled'): World {
  const { activity } = keyStateOf(world.processes[index] as Process, key)
  if (activity.kind !== 'calling') throw new Error(`${key} makes no call`)
  const error = new ServiceError({
    failure,
    action: activity.action.name,
    code: failure === 'outage' ? 'Timeout' : 'RequestLimitExceeded',
    reached: failure === 'outage' ? 'unknown' : 'answered',
    requestId: failure === 'outage' ? undefined : 'request',
  })
  const answer: Answer<never> = { ok: false, error }
  return digest(world, index, key, answer)
}

/**
 * A copy (`Repeatable=true`) of a process that leads no more, made when its successor has looked for it for the last time or
 * another one is there: the fence cannot call back what was sent, so that one more copy is allowed.
 */
function withExcuse(before: World, after: World, { action }: Extract<Activity, { kind: 'calling' }>): World {
  if (action.name !== 'UploadCertificate' || !action.copy) return after
  const made = after.account.length > before.account.length ? after.account.at(-1) : undefined
  if (!made || !isLookedForNoMore(before, made)) return after
  return { ...after, account: [...after.account.slice(0, -1), { ...made, excused: true }] }
}

function isLookedForNoMore(world: World, made: StoredCertificate): boolean {
  if (existing(world.account).some((it) => it.chain === made.chain)) return true
  return Object.values(leaderOf(world).keys).some(({ memory, activity }) => {
    if (activity.kind === 'calling' && activity.action.name === 'UploadCertificate') return true
    const noCopy = memory.progress?.chainFingerprint === made.chain ? memory.progress.noCopy : undefined
    if (!noCopy) return false
    const isFirstTheLast = world.profile.listsLate || memory.intended === made.chain
    return isFirstTheLast || noCopy.at - noCopy.since >= listedLateMs
  })
}

/** The write arrives: it counts where the Secret is still as it was read (I4). */
function write(
  world: World,
  index: number,
  key: ObjectKey,
  { answered }: { readonly answered: boolean },
): World {
  const process = world.processes[index] as Process
  const state = keyStateOf(process, key)
  if (state.activity.kind !== 'writing') throw new Error(`${key} writes nothing`)
  const { secret, patch, slice } = state.activity
  if (secretOf(world, key).version !== secret.version) return idle(world, index, key)
  const annotations: Record<string, string> = { ...secret.annotations }
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete annotations[name]
    else annotations[name] = value
  }
  const written = withSecret(world, key, { annotations })
  if (!answered || slice === undefined) return idle(written, index, key)
  const { capability } = partsOf(process, world.profile)
  const memory = capability.written(state.memory, slice)
  const keys = { ...process.keys, [key]: { ...state, memory, activity: { kind: 'idle' } as const } }
  return withProcess(written, index, { keys })
}

function idle(world: World, index: number, key: ObjectKey): World {
  const process = world.processes[index] as Process
  const state = keyStateOf(process, key)
  const keys = { ...process.keys, [key]: { ...state, activity: { kind: 'idle' } as const } }
  return withProcess(world, index, { keys })
}

function nameOf({ action }: Extract<Activity, { kind: 'calling' }>): string {
  if (action.name === 'DescribeCertificates') return `DescribeCertificates (${action.purpose})`
  if (action.name === 'CheckCertificateExist') return action.name
  return action.copy ? 'UploadCertificate (a copy)' : action.name
}
