import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
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

test('the licence of every package in the bundle goes with it', async () => {
  const folder = join(testFolder(), 'built')
  await buildBundle(folder)
  const licenses = readFileSync(join(folder, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8')
  for (const [name, version] of Object.entries(manifest.dependencies)) {
    expect(licenses).toMatch(new RegExp(`^${name} ${version} \\(.+\\)$`, 'm'))
  }
  // A package of a package.
  expect(licenses).toMatch(/^node-fetch \S+ \(MIT\)\n\nThe MIT License/m)
})
