import type { UploadAction } from '../../src/capabilities/upload/action.ts'
import { blankMemory, type UploadMemory } from '../../src/capabilities/upload/memory.ts'
import type { UploadCapability } from '../../src/capabilities/upload/upload.ts'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import type { StatusSlice } from '../../src/engine/step.ts'
import type { ObjectKey } from '../../src/ports/secrets.ts'
import type { Account } from './account.ts'
import type { Profile } from './profiles.ts'

/** A Secret: which of the two chains it holds, and what is written on it. */
export interface WorldSecret {
  readonly namespace: string
  readonly name: string
  readonly chain: 0 | 1
  readonly annotations: Readonly<Record<string, string>>
  /** Its resourceVersion. */
  readonly version: number
}

/** What a process is doing for a key. */
export type Activity =
  | { readonly kind: 'idle' }
  /** The call was sent, and is not answered. `secret` is of the GET after the permit. */
  | {
      readonly kind: 'calling'
      readonly secret: WorldSecret
      readonly action: UploadAction
      readonly flight: string
    }
  /** The status is being written over what that GET saw. */
  | {
      readonly kind: 'writing'
      readonly secret: WorldSecret
      readonly patch: StatusSlice
      /** What the step wanted to have written, where it counts as written afterwards. */
      readonly slice: StatusSlice | undefined
    }

export interface KeyState {
  readonly memory: UploadMemory
  readonly activity: Activity
  /** What the last reconcile waits for, ms of the monotonic clock. */
  readonly until: number | undefined
  /** The id that its status named at the last GET. */
  readonly claimed: string | undefined
  /** What was last said of its turn to upload again what is gone. */
  readonly turn: Turn
}

/** `prepares`: it may try as soon as it has a permit. `waits`: others go first. */
export type Turn = 'none' | 'prepares' | 'waits'

/** Something that changed what a process knows of all keys: replayed to rebuild its ledger. */
export type Statement = (capability: UploadCapability) => void

/**
 * A process. `leading`: works. `deposed`: another one leads, and it has not noticed; it may finish what is under way, but
 * the fence lets no new call out. `dead`: what it had sent may still arrive.
 */
export interface Process {
  readonly state: 'leading' | 'deposed' | 'dead'
  readonly journal: readonly Statement[]
  readonly keys: Readonly<Record<ObjectKey, KeyState>>
}

/** One state of a small world: an account, two Secrets, one or two processes. Immutable. */
export interface World {
  readonly profile: Profile
  /** ms of the monotonic clock. */
  readonly now: number
  readonly account: Account
  readonly secrets: Readonly<Record<ObjectKey, WorldSecret>>
  /** The one that leads is the first. */
  readonly processes: readonly Process[]
}

/** Two namespaces: three Secrets of two are what makes a lesson the account's. */
export const keys: readonly ObjectKey[] = ['shop/site', 'web/site']

const idle: KeyState = {
  memory: blankMemory,
  activity: { kind: 'idle' },
  until: undefined,
  claimed: undefined,
  turn: 'none',
}

/** A process that was just started. */
export const freshProcess: Process = {
  state: 'leading',
  journal: [],
  keys: Object.fromEntries(keys.map((key) => [key, idle])),
}

/** Nothing is uploaded yet. @param chains which chain each Secret holds */
export function newWorld(profile: Profile, chains: readonly [0 | 1, 0 | 1]): World {
  const secrets = keys.map((key, i) => {
    const [namespace = '', name = ''] = key.split('/')
    const repeatable = profile.repeatable && i === 0
    const annotations = {
      [userKeys.upload]: 'true',
      ...(repeatable ? { [userKeys.repeatable]: 'true' } : {}),
    }
    return [key, { namespace, name, chain: chains[i] ?? 0, annotations, version: 1 }] as const
  })
  return {
    profile,
    now: 0,
    account: [],
    secrets: Object.fromEntries(secrets),
    processes: [freshProcess],
  }
}

/** @throws where the key is none of the world's */
export function secretOf({ secrets }: World, key: ObjectKey): WorldSecret {
  const secret = secrets[key]
  if (!secret) throw new Error(`no Secret ${key}`)
  return secret
}

/** @throws where the key is none of the world's */
export function keyStateOf({ keys }: Process, key: ObjectKey): KeyState {
  const state = keys[key]
  if (!state) throw new Error(`no key ${key}`)
  return state
}

/** @throws where nobody leads */
export function leaderOf({ processes }: World): Process {
  const [leader] = processes
  if (leader?.state !== 'leading') throw new Error('nobody leads')
  return leader
}

/** Somebody, or the operator, changes a Secret. */
export function withSecret(world: World, key: ObjectKey, change: Partial<WorldSecret>): World {
  const secret = secretOf(world, key)
  const changed = { ...secret, ...change, version: secret.version + 1 }
  return { ...world, secrets: { ...world.secrets, [key]: changed } }
}

/** The process at `index` comes to know or do something. One that does not lead and has nothing to do is gone. */
export function withProcess(world: World, index: number, change: Partial<Process>): World {
  const processes = world.processes
    .map((it, i) => (i === index ? { ...it, ...change } : it))
    .filter((it) => it.state === 'leading' || Object.values(it.keys).some(isBusy))
  return { ...world, processes }
}

export function isBusy({ activity }: KeyState): boolean {
  return activity.kind !== 'idle'
}
