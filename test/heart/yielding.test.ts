import { setImmediate } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import { createMaterial, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const keys = Array.from({ length: 100 }, (_, i) => `web/site-${i}`)

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

it('lets other tasks run between two keys, although every GET is answered at once', async () => {
  const world = new World({ parts: { workers: 1 } })
  for (const key of keys) world.store.put(key, userAnnotations({ projectId: 'x' }), material.first.data)
  const reconciled = () => keys.filter((key) => world.status(key).phase === 'Rejected').length
  world.start()
  let most = 0
  for (let before = 0; before < keys.length; ) {
    // One round of the event loop, as a timer or a probe would have it.
    await setImmediate()
    const after = reconciled()
    most = Math.max(most, after - before)
    before = after
  }
  expect(most).toBe(1)
})
