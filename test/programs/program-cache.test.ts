import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { type Fill, keptPrograms } from './program-cache.ts'
import { testFolder } from './test-folder.ts'

const silent = { step: () => {}, update: () => {}, say: () => {}, stop: () => {} }

test('a build carries the id of its process; only what dead processes left is swept', async () => {
  const cache = testFolder()
  const dead = `new-${spawnSync('true').pid}-x`
  const alive = `new-${process.ppid}-x`
  for (const name of [dead, alive]) mkdirSync(join(cache, name))
  const folders: string[] = []
  const fill: Fill = async (folder) => {
    folders.push(basename(folder))
    writeFileSync(join(folder, 'tool'), '')
    chmodSync(join(folder, 'tool'), 0o755)
  }
  await keptPrograms(cache, ['tool'], [fill], silent)
  expect(folders).toEqual([expect.stringMatching(`^new-${process.pid}-`)])
  expect(readdirSync(cache).sort()).toEqual([alive, 'tool'].sort())
})
