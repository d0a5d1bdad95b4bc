import { copySuffix } from '../../src/contract/ownership.ts'
import { readStatus } from '../../src/contract/status.ts'
import { identity } from '../heart/observed.ts'
import { existing } from './account.ts'
import { chains, leafOf } from './chains.ts'
import { keys, secretOf, type World } from './small-world.ts'

/** What is wrong in a state, by invariant; empty where nothing is. */
export function violationsOf(world: World): string[] {
  return [...onePerChain(world), ...truthful(world), ...explained(world)]
}

/**
 * I1: one certificate per chain; with `repeatable` one more for that Secret. Not counted: what the fence cannot call back
 * (see `excused`).
 */
function onePerChain(world: World): string[] {
  const counted = existing(world.account).filter((it) => !it.excused)
  return chains.flatMap(({ chainFingerprint }) => {
    const own = copySuffix({ cluster: identity.cluster, ...ofFirst(world) }, chainFingerprint, true)
    const ofChain = counted.filter((it) => it.chain === chainFingerprint)
    const groups = [
      ofChain.filter((it) => it.alias.endsWith(own)),
      ofChain.filter((it) => !it.alias.endsWith(own)),
    ]
    return groups.filter((it) => it.length > 1).map((it) => `I1: ${it.length} certificates of one chain`)
  })
}

/** I6: the id on record was in the account, of that leaf; what is `Uploaded` holds that very chain. */
function truthful(world: World): string[] {
  return keys.flatMap((key) => {
    const { uploaded, origin } = readStatus(secretOf(world, key).annotations)
    if (!uploaded) return []
    const stored = world.account.find((it) => it.id === uploaded.certificateId)
    if (!stored) return [`I6: the id on record never existed`]
    if (stored.leaf !== uploaded.fingerprint) return [`I6: the id on record holds another leaf`]
    if (leafOf(uploaded.chainFingerprint) !== uploaded.fingerprint)
      return [`I6: the chain on record has another leaf`]
    return origin === 'Uploaded' && stored.chain !== uploaded.chainFingerprint
      ? [`I6: the id on record is said to be uploaded with a chain that it does not hold`]
      : []
  })
}

/** I7: whatever is not synced has a reason and a message; what is synced has an id. */
function explained(world: World): string[] {
  return keys.flatMap((key) => {
    const { phase, reason, message, uploaded } = readStatus(secretOf(world, key).annotations)
    if (phase === undefined) return []
    if (phase === 'Synced' && !uploaded) return ['I7: Synced without an id']
    return reason === undefined || message === undefined ? [`I7: ${phase} without a reason`] : []
  })
}

function ofFirst(world: World): { readonly namespace: string; readonly name: string } {
  return secretOf(world, keys[0] ?? '')
}
