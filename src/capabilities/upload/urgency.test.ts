import { beforeAll, describe, expect, it } from 'vitest'
import { createMaterial, type TestMaterial, testNow } from '../../../test/heart/material.ts'
import { observedOf, uploadedStatus, userAnnotations } from '../../../test/heart/observed.ts'
import type { Observed } from '../../contract/observe.ts'
import { LaneOrder } from '../../engine/calls/lane-order.ts'
import { priorityOf } from './urgency.ts'

const day = 86_400_000

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

/** A Secret whose uploaded certificate, by its status, expires so many days from now. */
function expiring(days: number): Observed {
  const notAfter = new Date(testNow + days * day).toISOString().replace('.000Z', 'Z')
  return observedOf(material.second, {
    ...userAnnotations(),
    ...uploadedStatus(material.first, 'id', { notAfter }),
  })
}

/** What waits, in its order. */
function inOrder(waiting: readonly Observed[]): (string | undefined)[] {
  const order = new LaneOrder()
  waiting.forEach((it, i) => {
    order.enqueue(async () => {}, { id: `${i}`, call: priorityOf(it, false, testNow) })
  })
  return order.drain()
}

describe('the order of uploads', () => {
  it('is: uploaded ones that expire within a week, new ones, the rest, each by expiry', () => {
    const fresh = observedOf(material.first)
    const expected = [expiring(-3), expiring(1), expiring(6.9), fresh, expiring(8), expiring(30)]
    expect(inOrder(expected)).toEqual(['0', '1', '2', '3', '4', '5'])
    expect(inOrder(expected.reverse())).toEqual(['5', '4', '3', '2', '1', '0'])
  })

  it('is known whatever the status says of the expiry', () => {
    for (const notAfter of ['', 'x', '9999-99-99T99:99:99Z']) {
      const status = uploadedStatus(material.first, 'id', { notAfter })
      const observed = observedOf(material.second, { ...userAnnotations(), ...status })
      expect(priorityOf(observed, false, testNow).expiresAt).toBe(0)
    }
  })
})
