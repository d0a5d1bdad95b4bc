import { existsSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lock } from 'proper-lockfile'
import { expect, onTestFinished, test, vi } from 'vitest'
import { exclusively } from './exclusively.ts'
import { testFolder } from './test-folder.ts'

/** Called when a lock has been found to be no longer ours. */
let compromised = (): void => undefined

vi.mock('proper-lockfile', async (original) => {
  const real = await original<{ lock: typeof lock }>()
  const told: typeof lock = (folder, options) =>
    real.lock(folder, {
      ...options,
      onCompromised: (error) => {
        options?.onCompromised?.(error)
        compromised()
      },
    })
  return { ...real, lock: vi.fn(told) }
})

test('a lock that went stale spoils no result, and the one who took over keeps its name', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const folder = testFolder()
  const result = await exclusively(
    folder,
    () => undefined,
    async () => {
      const found = new Promise<void>((resolve) => {
        compromised = resolve
      })
      rmdirSync(join(folder, '.lock'))
      writeFileSync(join(folder, '.holder'), 'another')
      vi.advanceTimersByTime(10_000)
      await found
      return 'made'
    },
  )
  expect(result).toBe('made')
  expect(readFileSync(join(folder, '.holder'), 'utf8')).toBe('another')
})

test('any other failure to release is reported', async () => {
  vi.mocked(lock).mockResolvedValueOnce(() => Promise.reject(new Error('read-only file system')))
  const work = exclusively(
    testFolder(),
    () => undefined,
    async () => 'made',
  )
  await expect(work).rejects.toThrow('read-only file system')
})

test('while work goes on the holder is named, and nothing is left of it after', async () => {
  const folder = testFolder()
  const during = await exclusively(
    folder,
    () => undefined,
    async () => readFileSync(join(folder, '.holder'), 'utf8'),
  )
  expect(during).toBe(String(process.pid))
  expect([existsSync(join(folder, '.holder')), existsSync(join(folder, '.lock'))]).toEqual([false, false])
})
