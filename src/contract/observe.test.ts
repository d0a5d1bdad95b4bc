import { beforeAll, describe, expect, it } from 'vitest'
import { createMaterial, type TestMaterial } from '../../test/heart/material.ts'
import {
  identity,
  observedOf,
  snapshotOf,
  statusAnnotations,
  userAnnotations,
} from '../../test/heart/observed.ts'
import { MaterialCache } from '../certificate/material-cache.ts'
import { userKeys } from './annotation-keys.ts'
import { type Identity, type Observed, observe } from './observe.ts'

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

type Given = Parameters<typeof userAnnotations>[0]

function observed(given: Given = {}, data = material.first.data, as: Identity = identity): Observed {
  return observe(snapshotOf(userAnnotations(given), data), as)
}

describe('the input that a failure belongs to', () => {
  it.each<[string, () => Observed]>([
    ['another certificate', () => observed({}, material.second.data)],
    ['another chain of the same leaf', () => observed({}, material.firstAgain.data)],
    [
      'another account',
      () => observed({}, material.first.data, { ...identity, account: 'b@ssl.example.com' }),
    ],
    ['an alias', () => observed({ alias: 'x' })],
    ['a use', () => observed({ certificateUse: 'CLB' })],
    ['a project', () => observed({ projectId: '7' })],
    ['tags', () => observed({ tags: 'a=b' })],
    ['a copy of its own', () => observed({ repeatable: 'true' })],
    ['a request', () => observed({ requestedAt: 'now' })],
    [
      'the key of another certificate',
      () => observed({}, { ...material.first.data, 'tls.key': material.second.data['tls.key'] as Buffer }),
    ],
    ['garbage', () => observed({}, { ...material.first.data, 'tls.crt': Buffer.from('x') })],
  ])('changes with %s', (_, other) => {
    expect(other().input).not.toBe(observed().input)
    expect(other().rejectionInput).not.toBe(observed().rejectionInput)
  })

  it.each<[string, () => Observed]>([
    [
      'the status',
      () => observedOf(material.first, { ...userAnnotations(), ...statusAnnotations({ phase: 'x' }) }),
    ],
    ['foreign annotations', () => observedOf(material.first, { ...userAnnotations(), foreign: 'x' })],
    ['a new resourceVersion', () => observedOf(material.first, userAnnotations(), { resourceVersion: '2' })],
    ['blanks around the certificate', () => observed({}, withBlanks())],
    ['the same settings said out loud', () => observed({ certificateType: 'SVR', repeatable: 'false' })],
  ])('does not change with %s', (_, same) => {
    expect(same().input).toBe(observed().input)
  })

  it("stays the same over the operator's versions, but a rejection does not", () => {
    const next = observed({}, material.first.data, { ...identity, version: '1.0.1' })
    expect(next.input).toBe(observed().input)
    expect(next.rejectionInput).not.toBe(observed().rejectionInput)
  })
})

describe('the settings on record', () => {
  it('change with what is sent, and not with what is left out of it', () => {
    const { settingsHash } = observed()
    for (const given of [{ alias: 'x' }, { certificateUse: 'CLB' }, { projectId: '7' }, { tags: 'a=b' }]) {
      expect(observed(given).settingsHash).not.toBe(settingsHash)
    }
    for (const given of [
      { tags: 'project=x' },
      { alias: '{x}' },
      { requestedAt: 'now' },
      { paused: 'true' },
    ]) {
      expect(observed(given).settingsHash).toBe(settingsHash)
    }
    expect(settingsHash).toMatch(/^v1:[0-9a-f]{64}$/)
  })

  it('are those of the rendered alias: they change with a renewal that it names', () => {
    expect(observed().wanted.alias).toBe('web/site')
    expect(observed({ alias: '{domain}' }).wanted.alias).toBe('a.example.com')
  })

  it('are those of the default alias where the wanted one would be empty or forged, and it is named', () => {
    const withoutName = observed({ alias: '{domain}', tags: 'a' }, {} as never)
    expect(withoutName.wanted.alias).toBe('web/site')
    expect(withoutName.settings.leftOut).toEqual([
      expect.stringContaining('alias'),
      expect.stringContaining('tag "a"'),
    ])
    const forged = observed({ alias: 'shop 0123456789abcdef' })
    expect(forged.wanted.alias).toBe('web/site')
    expect(forged.settings.leftOut).toEqual([expect.stringContaining('alias')])
    expect(forged.settingsHash).toBe(observed().settingsHash)
  })

  it('never have an ownership tag, which users cannot set', () => {
    const keys = observed({ tags: 'cert-sync/secret=x,a=b' }).wanted.tags.map((it) => it.key)
    expect(keys).toEqual(['a'])
  })
})

describe('what is observed', () => {
  it('reads the certificate that its type names', () => {
    const both = { ...material.first.data, ...material.authority.data }
    expect(observed({}, both).material.chain?.chainFingerprint).toBe(material.first.chainFingerprint)
    expect(observed({ certificateType: 'CA' }, both).material.chain?.chainFingerprint).toBe(
      material.authority.chainFingerprint,
    )
  })

  it('is the same from a cache', () => {
    const cache = new MaterialCache()
    const plain = observed()
    for (let round = 0; round < 2; round++) {
      const again = observe(plain.secret, identity, cache)
      expect(JSON.stringify(again)).toBe(JSON.stringify(plain))
      expect(again.material.chainPem()).toBe(plain.material.chainPem())
    }
  })

  it('knows an annotation by its own key alone', () => {
    const { settings } = observedOf(material.first, { [userKeys.upload.toUpperCase()]: 'true' })
    expect(settings.upload).toBe('absent')
  })
})

function withBlanks() {
  const text = material.first.data['tls.crt']?.toString().replaceAll('\n', '\r\n')
  return { ...material.first.data, 'tls.crt': Buffer.from(`# bag\r\n\r\n${text}\r\n\r\n`) }
}
