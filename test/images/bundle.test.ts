import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testFolder } from '../programs/test-folder.ts'
import { buildBundle } from './build-bundle.ts'
import { contextFolder } from './operator-image.ts'

test('the same sources give the same bytes, wherever they are, and the bytes do not say where', async () => {
  const parent = realpathSync(testFolder())
  const one = await buildBundle(join(parent, 'one'))
  const other = await buildBundle(join(parent, 'some', 'other place'))
  expect(one.equals(other)).toBe(true)
  for (const path of [parent, contextFolder.replace(/\/$/, ''), 'node_modules/']) {
    expect(one.includes(path), `${path} is in the bundle`).toBe(false)
  }
})
