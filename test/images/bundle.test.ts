import { cpSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../programs/run-program.ts'
import { testFolder } from '../programs/test-folder.ts'
import { contextFolder } from './operator-image.ts'

/** Builds the bundle in a folder of its own, as the Dockerfile does, and returns it. */
async function built(folder: string): Promise<Buffer> {
  mkdirSync(folder, { recursive: true })
  for (const path of ['package.json', 'tsconfig.json', 'src', 'test/tools/require-node.mjs']) {
    cpSync(join(contextFolder, path), join(folder, path), { recursive: true })
  }
  symlinkSync(join(contextFolder, 'node_modules'), join(folder, 'node_modules'))
  await runProgram(['npm', 'run', '--silent', 'build'], { cwd: folder })
  return readFileSync(join(folder, 'dist/tencent-cert-sync.js'))
}

test('the same sources give the same bytes, wherever they are, and the bytes do not say where', async () => {
  const parent = realpathSync(testFolder())
  const one = await built(join(parent, 'one'))
  const other = await built(join(parent, 'some', 'other place'))
  expect(one.equals(other)).toBe(true)
  for (const path of [parent, contextFolder.replace(/\/$/, ''), 'node_modules/']) {
    expect(one.includes(path), `${path} is in the bundle`).toBe(false)
  }
})
