import { expect, test } from 'vitest'
import { withSystemFolders } from './system-folders.ts'

test('the folders of root come last, each once', () => {
  expect(withSystemFolders('/usr/bin:/bin')).toBe('/usr/bin:/bin:/usr/sbin:/sbin')
  expect(withSystemFolders('/usr/sbin:/bin:/sbin')).toBe('/usr/sbin:/bin:/sbin')
  expect(withSystemFolders()).toBe('/usr/sbin:/sbin')
})
