import { createHash } from 'node:crypto'
import type { Material } from '../certificate/material.ts'
import type { MaterialCache } from '../certificate/material-cache.ts'
import { readMaterial } from '../certificate/read-material.ts'
import { isTemporaryCertificate } from '../certificate/temporary-certificate.ts'
import type { ObjectKey, SecretSnapshot } from '../ports/secrets.ts'
import type { Tag } from '../ports/ssl-service.ts'
import { chooseAlias } from './alias.ts'
import { ownerTags } from './ownership.ts'
import { readSettings, type Settings } from './settings.ts'
import { readStatus, type Status } from './status.ts'

/** What the operator is, as far as decisions depend on it. */
export interface Identity {
  /** `name@host`: the configured account name and the endpoint's host. */
  readonly account: string
  readonly cluster: string
  /** The operator's version: what one version was refused, the next may try again. */
  readonly version: string
}

/** One Secret as it was at one moment, read in every way a decision needs. Holds the private key (I3). */
export interface Observed {
  readonly key: ObjectKey
  readonly secret: SecretSnapshot
  readonly settings: Settings
  readonly status: Status
  readonly material: Material
  readonly temporary: boolean
  /** The cosmetics as they would be sent; the ownership tags are not among the tags. */
  readonly wanted: { readonly alias: string; readonly use: string | undefined; readonly tags: readonly Tag[] }
  /** `v1:` and a hash of alias, use, project and tags. */
  readonly settingsHash: string
  /** What a failure belongs to: it changes when another answer could be expected (I7). */
  readonly input: string
  /** Input and operator version: what a rejection by the service belongs to. */
  readonly rejectionInput: string
}

/**
 * Reads a snapshot. Pure; never throws, whatever the Secret holds. With a cache, data that were read before cost no
 * more than a hash; the answer is the same.
 */
export function observe(secret: SecretSnapshot, identity: Identity, cache?: MaterialCache): Observed {
  const asked = readSettings(secret.annotations)
  const material = readMaterial({ type: asked.type, data: secret.data }, cache?.shareOf(secret.namespace))
  const owner = { cluster: identity.cluster, namespace: secret.namespace, name: secret.name }
  const alias = chooseAlias(asked.alias, { ...owner, domain: material.chain?.domain ?? '' })
  const settings = alias.leftOut ? { ...asked, leftOut: [alias.leftOut, ...asked.leftOut] } : asked
  const wanted = {
    alias: alias.text,
    use: settings.use,
    tags: settings.tags,
  }
  const settingsHash = `v1:${hash([wanted.alias, wanted.use, settings.projectId, [...wanted.tags, ...ownerTags(owner)]])}`
  const input = hash([
    identity.account,
    settings.type,
    material.inputHash,
    settingsHash,
    settings.repeatable,
    settings.requestedAt,
    material.key,
  ])
  return {
    key: `${secret.namespace}/${secret.name}`,
    secret,
    settings,
    status: readStatus(secret.annotations),
    material,
    temporary: isTemporaryCertificate(secret.annotations, material),
    wanted,
    settingsHash,
    input,
    rejectionInput: hash([input, identity.version]),
  }
}

function hash(parts: readonly unknown[]): string {
  const canonical = JSON.stringify(parts, (_, value) => (value === undefined ? null : value))
  return createHash('sha256').update(canonical).digest('hex')
}
