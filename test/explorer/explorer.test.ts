import { describe, expect, it } from 'vitest'
import { explore } from './explorer.ts'
import { profiles } from './profiles.ts'

describe.each(profiles)('a service with the profile $name', (profile) => {
  it('is met with one certificate per chain, a true status and a way on, in each state of a small world', async () => {
    const { states, events, violations } = await explore(profile, { events: 1, states: 600 })
    expect(violations).toEqual([])
    expect(states).toBe(600)
    expect(events).toBe(0)
  })
})
