import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testFolder } from '../../../programs/test-folder.ts'
import { makeStandardFolders, removeFolders } from './standard-folders.ts'

test('what was made goes, what was there stays, and so does what somebody uses by now', () => {
  const root = testFolder()
  const [there, empty, used] = ['there', 'new/empty', 'new/used'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ]
  mkdirSync(there)
  const made = makeStandardFolders([there, empty, used])
  expect(made).toEqual([join(root, 'new'), empty, used])
  writeFileSync(join(used, 'file'), '')
  removeFolders(made)
  expect([there, empty, used].map((folder) => existsSync(folder))).toEqual([true, false, true])
})
