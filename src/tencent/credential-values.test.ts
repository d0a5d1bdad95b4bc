import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CredentialsError, readCredentialFiles, validateCredentials } from './credential-values.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credentials-'))
})

afterEach(() => rm(folder, { recursive: true }))

async function write(path: string, files: Readonly<Record<string, string | Buffer>>): Promise<void> {
  await mkdir(path, { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, `TENCENTCLOUD_${name}`), text)
}

test('files are trimmed, and the token is optional', async () => {
  await write(folder, { SECRET_ID: ' id\n', SECRET_KEY: 'key\r\n' })
  await expect(readCredentialFiles(folder)).resolves.toEqual({ secretId: 'id', secretKey: 'key' })
  await write(folder, { SESSION_TOKEN: 'token\n' })
  await expect(readCredentialFiles(folder)).resolves.toEqual({
    secretId: 'id',
    secretKey: 'key',
    token: 'token',
  })
})

test.each([
  ['no file', {}, 'SECRET_ID is missing or empty'],
  ['an empty file', { SECRET_ID: '\n', SECRET_KEY: 'canary' }, 'SECRET_ID is missing or empty'],
  ['one of two files', { SECRET_ID: 'canary' }, 'SECRET_KEY is missing or empty'],
  ['a line break within', { SECRET_ID: 'canary\r\nX-Evil: 1', SECRET_KEY: 'x' }, 'SECRET_ID has characters'],
  ['a control character', { SECRET_ID: 'canary', SECRET_KEY: 'a\0b' }, 'SECRET_KEY has characters'],
  ['invalid UTF-8', { SECRET_ID: Buffer.from([0xff]), SECRET_KEY: 'x' }, 'SECRET_ID has characters'],
  ['a large file', { SECRET_ID: 'canary'.repeat(1e6), SECRET_KEY: 'x' }, 'SECRET_ID is too long'],
])('%s is an error that names the file and shows no value', async (_, files, problem) => {
  await write(folder, files)
  const error = await readCredentialFiles(folder).catch((it: unknown) => it)
  expect(error).toBeInstanceOf(CredentialsError)
  expect((error as Error).message).toContain(`${folder}/TENCENTCLOUD_${problem}`)
  expect((error as Error).message).not.toContain('canary')
})

test('what cannot be read is an error that names the file', async () => {
  await write(folder, { SECRET_KEY: 'key' })
  await mkdir(join(folder, 'TENCENTCLOUD_SECRET_ID'))
  await expect(readCredentialFiles(folder)).rejects.toThrow(
    /TENCENTCLOUD_SECRET_ID cannot be read \(EISDIR\)/,
  )
})

test('a mounted Secret is never read half old, half new, while it is exchanged', async () => {
  const names = ['TENCENTCLOUD_SECRET_ID', 'TENCENTCLOUD_SECRET_KEY', 'TENCENTCLOUD_SESSION_TOKEN']
  const exchange = async (generation: number) => {
    const values = { SECRET_ID: `${generation}`, SECRET_KEY: `${generation}` }
    // Only every other generation has a token.
    const token = generation % 2 === 0 ? { SESSION_TOKEN: `${generation}` } : {}
    await write(join(folder, `..${generation}`), { ...values, ...token })
    await symlink(`..${generation}`, join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
    await rm(join(folder, `..${generation - 1}`), { recursive: true, force: true })
  }
  await exchange(0)
  for (const name of names) await symlink(join('..data', name), join(folder, name))

  let writing = true
  const writer = (async () => {
    for (let generation = 1; generation <= 60; generation += 1) await exchange(generation)
    writing = false
  })()
  const seen = new Set<string>()
  while (writing) {
    const { secretId, secretKey, token } = await readCredentialFiles(folder)
    expect(secretKey).toBe(secretId)
    expect(token).toBe(Number(secretId) % 2 === 0 ? secretId : undefined)
    seen.add(secretId)
  }
  await writer
  expect(seen.size).toBeGreaterThan(1)
})

test('values from elsewhere are held to the same rules', () => {
  const name = (part: string) => `The variable ${part}`
  expect(validateCredentials({ secretId: ' a ', secretKey: 'b', token: '' }, name)).toEqual({
    secretId: 'a',
    secretKey: 'b',
  })
  expect(() => validateCredentials({ secretId: 'a', secretKey: 'ü' }, name)).toThrow(
    'The variable secretKey has characters',
  )
})
