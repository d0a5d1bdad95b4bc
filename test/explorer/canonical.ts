import { hash } from 'node:crypto'
import { statusKeys } from '../../src/contract/annotation-keys.ts'
import { splitKey } from '../../src/contract/object-key.ts'
import { copySuffix } from '../../src/contract/ownership.ts'
import type { ObjectKey } from '../../src/ports/secrets.ts'
import { identity } from '../heart/observed.ts'
import type { StoredCertificate } from './account.ts'
import { chains } from './chains.ts'
import { partsOf } from './process.ts'
import {
  type Activity,
  type KeyState,
  keyStateOf,
  keys,
  type Process,
  secretOf,
  type World,
  type WorldSecret,
} from './small-world.ts'

/** Words for people and times: nothing is decided by them, but by what stands beside them. */
const unimportant: ReadonlySet<string> = new Set([
  statusKeys.syncedAt,
  statusKeys.message,
  statusKeys.notAfter,
])

/**
 * Tells states apart. Times count relative to now, and in classes (at most 10 s, 10 min,
 * an hour, a day): two states that differ within a class are walked once. What is found is real all the same, for the
 * states themselves keep their times.
 */
export function canonical(world: World): string {
  const { account, processes, now } = world
  const certificates = account.map((it) => `${storedText(it)} ${ageClass(now - it.storedAt)}`)
  const secrets = keys.map((key) => secretText(secretOf(world, key)))
  return hash(
    'sha1',
    [...certificates, ...secrets, ...processes.map((it) => processText(world, it))].join('\n'),
    'base64',
  )
}

const storedTexts = new WeakMap<StoredCertificate, string>()

function storedText(stored: StoredCertificate): string {
  const known = storedTexts.get(stored)
  if (known !== undefined) return known
  const { chain, alias, tags, deleted, excused } = stored
  const text = JSON.stringify([chain, alias, tags, deleted, excused])
  storedTexts.set(stored, text)
  return text
}

const secretTexts = new WeakMap<WorldSecret, string>()

function secretText(secret: WorldSecret): string {
  const known = secretTexts.get(secret)
  if (known !== undefined) return known
  const { chain, annotations } = secret
  const entries = Object.entries(annotations).filter(([name]) => !unimportant.has(name))
  const text = JSON.stringify([chain, entries.sort(([a], [b]) => (a < b ? -1 : 1))])
  secretTexts.set(secret, text)
  return text
}

function processText(world: World, process: Process): string {
  const isDead = process.state === 'dead'
  const ofKeys = keys.map((key) => {
    const state = keyStateOf(process, key)
    const activity = activityText(world, key, state.activity)
    return isDead ? activity : `${activity} ${memoryText(world, process, state)}`
  })
  return [process.state, isDead ? '' : knowledge(world, process), ...ofKeys].join('\n')
}

/** A text that depends on the time as well. */
interface TextAt {
  readonly now: number
  readonly of: unknown
  readonly text: string
}

const knowledges = new WeakMap<Process['journal'], TextAt>()

/** What a process knows, as far as decisions may ask for it, now or later. */
function knowledge({ now, account, profile }: World, process: Process): string {
  const known = knowledges.get(process.journal)
  if (known?.now === now && known.of === account.length) return known.text
  const { ledger } = partsOf(process, profile)
  const holders = chains.flatMap(({ chainFingerprint: chain }) =>
    [true, false]
      .flatMap((own) => keys.map((key) => ({ key, own })))
      .map((whose) => {
        const holder = ledger.holderOf(chain, whose, now)
        return holder && [holder.certificateId, ageClass(now - holder.confirmedAt), holder.upload]
      }),
  )
  const ids = account.map(({ id }) => [
    ledger.chainOf(id),
    ledger.isGone(id),
    ledger.ownershipOf(id),
    [ledger.absence.isNotVisible(id), ledger.absence.isHidden(id, now), ledger.isShown(id)],
    ageClass(ledger.absence.countsFrom(id) - now),
    ledger.absence.isSuspect(id),
    keys.map((key) => ageClass(ledger.absence.provesFrom(id, key) - now)),
    ledger.claimantsOf(id),
    chains.map((it) => ledger.uploadOf(id, it.chainFingerprint)),
  ])
  const ofChains = chains.map(({ chainFingerprint: chain }) => [
    suffixesOf(chain).map((it) => ageClass((ledger.copies.listedBy(it) ?? 0) - now)),
    ageClass(ledger.reUploads.dueAt(chain, { requested: false }, now) - now),
  ])
  const ofTurns = keys.map((key) => [
    [0, 31_000, 61_000, 3_600_000].map((ms) => ledger.reUploads.mayTry(key, now + ms)),
    ageClass((ledger.reUploads.turnEndsAt(key, now) ?? 0) - now),
  ])
  const { cosmetics } = ledger
  const ofAccount = [ledger.absence.hidesCertificates(now), cosmetics.accountAt(now), cosmetics.refused]
  const suspects = [ledger.absence.suspects(now), ledger.absence.suspects(now + 10 * 60_000)]
  const text = JSON.stringify([holders, ids, ofChains, ofTurns, ofAccount, suspects])
  knowledges.set(process.journal, { now, of: account.length, text })
  return text
}

/** What copies of a chain are found by: the one for all, and the Secrets' own. */
function suffixesOf(chain: string): string[] {
  const { cluster } = identity
  const owners = keys.map((key) => ({ cluster, ...splitKey(key) }))
  return [
    copySuffix({ cluster, namespace: '', name: '' }, chain, false),
    ...owners.map((it) => copySuffix(it, chain, true)),
  ]
}

const memories = new WeakMap<KeyState, TextAt>()

function memoryText({ now, profile }: World, process: Process, state: KeyState): string {
  const known = memories.get(state)
  if (known?.now === now && known.of === process.journal) return known.text
  const { failure, reported, progress, absent, last: _, ...rest } = state.memory
  const { copies } = partsOf(process, profile).ledger
  const noCopy = progress?.noCopy && [
    ageClass(now - progress.noCopy.since),
    progress.noCopy.at === progress.noCopy.since,
    ageClass(now - progress.noCopy.at),
    suffixesOf(progress.chainFingerprint).map((it) => copies.epochOf(it) === progress.noCopy?.epoch),
  ]
  const text = JSON.stringify([
    ageClass((state.until ?? 0) - now),
    state.turn,
    rest,
    absent && [absent.certificateId, ageClass(absent.until - now)],
    failure && [failure.input, failure.class, Math.min(failure.attempt, 3), ageClass(failure.until - now)],
    reported && [reported.input, reported.outcome.reason],
    progress && {
      ...{ ...progress, noCopy },
      namedLook: progress.namedLook && [progress.namedLook.id, ...lookAges(progress.namedLook, now)],
      candidateLook: progress.candidateLook && lookAges(progress.candidateLook, now),
      tagSearchedAt: progress.tagSearchedAt !== undefined && ageClass(now - progress.tagSearchedAt),
    },
  ])
  memories.set(state, { now, of: process.journal, text })
  return text
}

/** Lookups are made every ten seconds for a minute, then every ten minutes for an hour: each of them makes headway. */
function lookAges({ since, at }: { readonly since: number; readonly at: number }, now: number): number[] {
  const forMs = now - since
  const lookups = forMs <= 60_000 ? Math.ceil(forMs / 10_000) : 6 + Math.min(Math.ceil(forMs / 600_000), 7)
  return [lookups, ageClass(now - at)]
}

function activityText(world: World, key: ObjectKey, activity: Activity): string {
  if (activity.kind === 'idle') return 'idle'
  const isFresh = secretOf(world, key).version === activity.secret.version
  const read = isFresh ? '' : secretText(activity.secret)
  if (activity.kind === 'calling') return JSON.stringify([activity.action, read])
  // A stale write changes nothing.
  return JSON.stringify([isFresh ? activity.patch : 'stale', activity.slice])
}

function ageClass(ms: number): number {
  if (ms <= 0) return 0
  return [10_000, 600_000, 3_600_000, 86_400_000].findIndex((it) => ms <= it) + 2
}
