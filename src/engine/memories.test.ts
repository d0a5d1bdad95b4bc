import { expect, it } from 'vitest'
import type { CapabilityMemory } from './capability.ts'
import type { Failure } from './failure.ts'
import { Memories } from './memories.ts'

const failure: Failure = { input: 'x', class: 'caller', attempt: 2, since: 0, until: 1_000 }

it('is blank for a key of which nothing is known, and after the key was forgotten', () => {
  const blank: CapabilityMemory = {}
  const memories = new Memories(blank)
  expect(memories.of('web/site')).toBe(blank)
  memories.set('web/site', { failure })
  expect(memories.of('web/site')).toEqual({ failure })
  expect(memories.of('web/other')).toBe(blank)
  memories.forget('web/site')
  expect(memories.of('web/site')).toBe(blank)
})

it('lets a key try again at once; what else it remembers stays', () => {
  const memories = new Memories<CapabilityMemory>({})
  memories.set('web/site', { failure })
  memories.endBackOff('web/site', 10)
  memories.endBackOff('web/other', 10)
  expect(memories.of('web/site')).toEqual({ failure: { ...failure, until: 10 } })
  expect(memories.of('web/other')).toEqual({})
})

it('names the keys that failed with certain classes', () => {
  const memories = new Memories<CapabilityMemory>({})
  memories.set('web/a', { failure })
  memories.set('web/b', { failure: { ...failure, class: 'outage' } })
  memories.set('web/c', {})
  expect(memories.failedWith('caller', 'not-allowed')).toEqual(['web/a'])
  expect(memories.failedWith('quota')).toEqual([])
})
