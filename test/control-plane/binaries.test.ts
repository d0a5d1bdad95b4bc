import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testFolder } from '../programs/test-folder.ts'
import { type BinarySearch, cacheFolder, findBinaries, NoBinariesError } from './binaries.ts'

/** A search in new empty folders where nothing can be had, with what it said and did. */
function search(change: Partial<BinarySearch> = {}) {
  const said: string[] = []
  const calls: string[] = []
  const no = (way: 'download' | 'build') => async () => {
    calls.push(way)
    throw new Error(`no ${way} here`)
  }
  const base: BinarySearch = {
    version: '1.36.0',
    assets: undefined,
    cache: join(testFolder(), 'cache'),
    download: no('download'),
    build: no('build'),
    progress: { step: () => {}, update: () => {}, say: (text) => void said.push(text), stop: () => {} },
    ...change,
  }
  return { ...base, said, calls }
}

function putPrograms(folder: string): string {
  mkdirSync(folder, { recursive: true })
  for (const name of ['etcd', 'kube-apiserver']) {
    writeFileSync(join(folder, name), '#!/bin/sh\n')
    chmodSync(join(folder, name), 0o755)
  }
  return folder
}

test('KUBEBUILDER_ASSETS comes before the cache', async () => {
  const assets = putPrograms(testFolder())
  const { etcd } = await findBinaries(search({ assets, cache: putPrograms(testFolder()) }))
  expect(etcd).toBe(join(assets, 'etcd'))
})

test('a KUBEBUILDER_ASSETS without the programs is named, and the cache is used', async () => {
  const looking = search({ assets: testFolder(), cache: putPrograms(testFolder()) })
  expect((await findBinaries(looking)).apiServer).toBe(join(looking.cache, 'kube-apiserver'))
  expect(looking.said).toEqual([expect.stringContaining(`${looking.assets}/etcd is not there`)])
  expect(looking.calls).toEqual([])
})

test('the archive comes before the build, and what it brought is in the cache the next time', async () => {
  const looking = search({ download: async (folder) => void putPrograms(folder) })
  const found = await findBinaries(looking)
  expect(found).toEqual({
    etcd: join(looking.cache, 'etcd'),
    apiServer: join(looking.cache, 'kube-apiserver'),
  })
  expect(looking.calls).toEqual([])
  expect(await findBinaries(search({ cache: looking.cache }))).toEqual(found)
})

test('without an archive it builds', async () => {
  const looking = search({ build: async (folder) => void putPrograms(folder) })
  await findBinaries(looking)
  expect(looking.calls).toEqual(['download'])
  expect(existsSync(join(looking.cache, 'etcd'))).toBe(true)
})

test('when nothing works, one error says for each of the four ways why, and what to install', async () => {
  const looking = search({ assets: '/nowhere' })
  const error = await findBinaries(looking).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(NoBinariesError)
  const lines = String((error as Error).message).split('\n')
  expect(lines).toEqual([
    'etcd and kube-apiserver 1.36.0 cannot be found, downloaded or built:',
    '- KUBEBUILDER_ASSETS: /nowhere/etcd is not there or not executable',
    `- cache: ${looking.cache}/etcd is not there or not executable`,
    '- envtest archive: no download here',
    '- build with Go: no build here',
    expect.stringMatching(/^Install Go 1\.21 or newer/),
  ])
})

test('a cache folder that cannot be written is part of that error', async () => {
  const file = join(testFolder(), 'file')
  writeFileSync(file, '')
  await expect(findBinaries(search({ cache: join(file, 'cache') }))).rejects.toThrow(
    /envtest archive and build with Go: the cache folder cannot be used: .*ENOTDIR/,
  )
})

test('two searches at once share one build; the second says what it waits for', async () => {
  const cache = join(testFolder(), 'cache')
  let builds = 0
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const build = async (folder: string) => {
    builds++
    await finished
    putPrograms(folder)
  }
  const first = findBinaries(search({ cache, build }))
  const waiting = Promise.withResolvers<string>()
  const progress = { step: () => {}, update: () => {}, say: waiting.resolve, stop: () => {} }
  await expect.poll(() => builds).toBe(1)
  const second = findBinaries(search({ cache, build, progress }))
  expect(await waiting.promise).toContain(`Waiting for process ${process.pid}`)
  finish()
  expect(await second).toEqual(await first)
  expect(builds).toBe(1)
})

test('what a killed process left behind neither blocks nor stays', async () => {
  const cache = join(testFolder(), 'cache')
  mkdirSync(join(cache, '.lock'), { recursive: true })
  mkdirSync(join(cache, `new-${spawnSync('true').pid}-killed`))
  const aMinuteAgo = Date.now() / 1000 - 60
  utimesSync(join(cache, '.lock'), aMinuteAgo, aMinuteAgo)
  await findBinaries(search({ cache, build: async (folder) => void putPrograms(folder) }))
  expect(readdirSync(cache).filter((name) => name.startsWith('new-'))).toEqual([])
})

test('a build that fails halfway leaves no program in the cache', async () => {
  const looking = search({
    build: async (folder) => {
      putPrograms(folder)
      throw new Error('disk full')
    },
  })
  await expect(findBinaries(looking)).rejects.toThrow('build with Go: disk full')
  expect(readdirSync(looking.cache).filter((name) => !name.startsWith('.'))).toEqual([])
})

test('programs that do not run are not kept', async () => {
  const looking = search({
    download: async (folder) => {
      putPrograms(folder)
      writeFileSync(join(folder, 'etcd'), '#!/bin/sh\necho wrong machine >&2; exit 1\n')
    },
  })
  await expect(findBinaries(looking)).rejects.toThrow('wrong machine')
  expect(existsSync(join(looking.cache, 'etcd'))).toBe(false)
})

test("the cache is in the user's cache folder, by version and machine", () => {
  expect(cacheFolder({ XDG_CACHE_HOME: '/c' })).toMatch(
    /^\/c\/tencent-cert-sync\/control-plane\/\d+\.\d+\.\d+-[a-z]+-[a-z0-9]+$/,
  )
  expect(cacheFolder({ XDG_CACHE_HOME: '' })).toContain('/.cache/tencent-cert-sync/')
  expect(cacheFolder({ XDG_CACHE_HOME: '/c', KUBERNETES_VERSION: '1.24.17' })).toMatch(/\/1\.24\.17-[a-z]+-/)
})
