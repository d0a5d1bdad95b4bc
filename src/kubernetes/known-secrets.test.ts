import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SecretChange } from '../ports/secrets.ts'
import { KnownSecrets } from './known-secrets.ts'
import { partialSecret } from './testing/watch-events.ts'

const names = ['a', 'b', 'c']
const secret = (optedIn: boolean) => (name: string, version: number) =>
  partialSecret(name, version, optedIn ? undefined : {}).metadata
const optedIn = secret(true)
const plain = secret(false)

test('a Secret that did not opt in leaves no trace', () => {
  const known = new KnownSecrets()
  known.beginList()
  for (let index = 0; index < 1000; index++)
    expect(known.show(plain(`s${index}`, index + 1), true)).toBeUndefined()
  expect(known.endList()).toEqual([])
  expect(known.remove(plain('s1', 2000))).toBeUndefined()
  expect(known.size).toBe(0)
})

test('a list that failed half way takes nothing away', () => {
  const known = new KnownSecrets()
  known.show(optedIn('a', 1), false)
  known.show(optedIn('b', 2), false)
  known.beginList()
  known.beginList()
  known.show(optedIn('a', 1), true)
  known.show(optedIn('b', 2), true)
  expect(known.endList()).toEqual([])
})

/** Whoever applies the changes that were reported knows exactly the Secrets that are there and opted in. */
test('what is reported adds up to the state of the world, whatever happens and however much of it is missed', () => {
  const step = fc.record({
    name: fc.constantFrom(...names),
    action: fc.constantFrom('write', 'write without opt-in', 'delete', 'relist'),
    seen: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const world = new Map<string, ReturnType<typeof optedIn>>()
      const known = new KnownSecrets()
      const reported = new Map<string, string>()
      const take = (change: SecretChange | undefined) => {
        if (change?.kind === 'present') reported.set(change.key, change.resourceVersion)
        if (change?.kind === 'gone') expect(reported.delete(change.key)).toBe(true)
      }
      const relist = () => {
        known.beginList()
        for (const metadata of world.values()) take(known.show(metadata, true))
        for (const change of known.endList()) take(change)
      }
      let version = 0
      for (const { name, action, seen } of steps) {
        version += 1
        const before = world.get(name)
        if (action === 'relist') relist()
        else if (action === 'delete') {
          world.delete(name)
          if (before && seen) take(known.remove(before))
        } else {
          const metadata = action === 'write' ? optedIn(name, version) : plain(name, version)
          world.set(name, metadata)
          if (seen) take(known.show(metadata, false))
        }
      }
      relist()
      const expected = [...world.values()].filter((metadata) => Object.keys(metadata.annotations).length > 0)
      expect([...reported].sort()).toEqual(
        expected.map((metadata) => [`shop/${metadata.name}`, metadata.resourceVersion]).sort(),
      )
      expect(known.size).toBe(reported.size)
    }),
  )
})
