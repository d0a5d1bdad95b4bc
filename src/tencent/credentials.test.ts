import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Clock, systemClock } from '../clock.ts'
import { CredentialsError } from './credential-values.ts'
import { type CredentialsProvider, createCredentials } from './credentials.ts'

let folder: string
let clock: Clock & { readonly timers: Set<() => void>; tick(): void }
let provider: CredentialsProvider

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credentials-'))
  const timers = new Set<() => void>()
  clock = {
    ...systemClock,
    timers,
    after(_, callback) {
      timers.add(callback)
      return () => timers.delete(callback)
    },
    tick() {
      for (const callback of [...timers]) {
        timers.delete(callback)
        callback()
      }
    },
  }
  provider = createCredentials({ kind: 'directory', path: folder }, clock)
})

afterEach(async () => {
  provider.stop()
  await rm(folder, { recursive: true })
})

async function write(secretId: string, secretKey = 'key'): Promise<void> {
  await writeFile(join(folder, 'TENCENTCLOUD_SECRET_ID'), secretId)
  await writeFile(join(folder, 'TENCENTCLOUD_SECRET_KEY'), secretKey)
}

/** Lets the poller look once more, to the end. */
async function nextLook(): Promise<void> {
  await vi.waitFor(() => expect(clock.timers.size).toBe(1))
  clock.tick()
  await vi.waitFor(() => expect(clock.timers.size).toBe(1))
}

test('changed files are seen by the next call', async () => {
  await write('one')
  await expect(provider.get()).resolves.toEqual({ secretId: 'one', secretKey: 'key' })
  const before = provider.version()
  await provider.get()
  expect(provider.version()).toBe(before)
  await write('two')
  await expect(provider.get()).resolves.toEqual({ secretId: 'two', secretKey: 'key' })
  expect(provider.version()).toBeGreaterThan(before)
})

test('a failure is not remembered', async () => {
  await expect(provider.get()).rejects.toThrow(CredentialsError)
  await write('one')
  await expect(provider.get()).resolves.toMatchObject({ secretId: 'one' })
})

test('a listener hears of new credentials without anybody asking, and of each change once', async () => {
  await write('one')
  await provider.get()
  const heard = vi.fn()
  provider.onChange(heard)
  await nextLook()
  expect(heard).not.toHaveBeenCalled()
  await write('one', 'other-key')
  await nextLook()
  expect(heard).toHaveBeenCalledTimes(1)
  await provider.get()
  await nextLook()
  expect(heard).toHaveBeenCalledTimes(1)
})

test('a listener hears when missing credentials appear, and when the same ones come back', async () => {
  const heard = vi.fn()
  provider.onChange(heard)
  await nextLook()
  expect(heard).not.toHaveBeenCalled()
  await write('one')
  await nextLook()
  expect(heard).toHaveBeenCalledTimes(1)
  await rm(join(folder, 'TENCENTCLOUD_SECRET_KEY'))
  await nextLook()
  expect(heard).toHaveBeenCalledTimes(1)
  await write('one')
  await nextLook()
  expect(heard).toHaveBeenCalledTimes(2)
})

test('the files are looked at only while somebody listens', async () => {
  expect(clock.timers.size).toBe(0)
  const stop = [provider.onChange(() => undefined), provider.onChange(() => undefined)]
  await nextLook()
  stop[0]?.()
  await nextLook()
  stop[1]?.()
  expect(clock.timers.size).toBe(0)
  provider.onChange(() => undefined)
  await nextLook()
  provider.stop()
  expect(clock.timers.size).toBe(0)
})

test('a listener that leaves while the files are read starts no timer', async () => {
  await write('one')
  provider.onChange(() => undefined)()
  await provider.get()
  expect(clock.timers.size).toBe(0)
})

test('the environment does not change and needs no polling', async () => {
  const fixed = createCredentials({ kind: 'environment', secretId: 'id', secretKey: 'key ' }, clock)
  fixed.onChange(() => expect.unreachable('nothing changed'))
  await expect(fixed.get()).resolves.toEqual({ secretId: 'id', secretKey: 'key' })
  await expect(fixed.get()).resolves.toEqual({ secretId: 'id', secretKey: 'key' })
  expect(clock.timers.size).toBe(0)
  await expect(
    createCredentials({ kind: 'environment', secretId: 'id', secretKey: '' }, clock).get(),
  ).rejects.toThrow('The variable TENCENTCLOUD_SECRET_KEY is missing or empty.')
})

test('without any source every call fails', async () => {
  await expect(createCredentials({ kind: 'none' }, clock).get()).rejects.toThrow(CredentialsError)
})

test('an inspected provider shows no value', async () => {
  await write('canary', 'canary')
  await provider.get()
  const fixed = createCredentials({ kind: 'environment', secretId: 'canary', secretKey: 'canary' }, clock)
  await fixed.get()
  expect(inspect([provider, fixed], { depth: 20, showHidden: true })).not.toContain('canary')
})
