import type { Material } from '../../src/certificate/material.ts'
import { type Observed, observe } from '../../src/contract/observe.ts'
import { createMaterial } from '../heart/material.ts'
import { identity } from '../heart/observed.ts'
import type { LeafOf } from './account.ts'
import type { WorldSecret } from './small-world.ts'

const material = await createMaterial()

/** Two chains of one leaf. */
export const chains = [material.first, material.firstAgain] as const
/** By Secret, and by what it holds. */
const known = new WeakMap<WorldSecret, Observed>()
const knownTexts = new Map<string, Observed>()
const most = 50_000

export const leafOf: LeafOf = (chain) => chains.find((it) => it.chainFingerprint === chain)?.fingerprint ?? ''

/** What the operator observes of a Secret; its PEM is the chain's fingerprint. Remembered: a walk meets few Secrets. */
export function observedOf(secret: WorldSecret): Observed {
  const before = known.get(secret)
  if (before) return before
  const text = JSON.stringify([secret.namespace, secret.chain, secret.annotations])
  const observed = knownTexts.get(text) ?? read(secret)
  known.set(secret, observed)
  if (knownTexts.size >= most) knownTexts.clear()
  knownTexts.set(text, observed)
  return observed
}

function read({ namespace, name, chain, annotations, version }: WorldSecret): Observed {
  const { data, chainFingerprint } = chains[chain]
  const snapshot = {
    ...{ namespace, name, annotations, data },
    uid: namespace,
    resourceVersion: String(version),
    deleting: false,
  }
  const observed = observe(snapshot, identity)
  const light: Material = { ...observed.material, chainPem: () => chainFingerprint, keyPem: () => '' }
  return { ...observed, material: light }
}
