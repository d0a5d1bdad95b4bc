import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, open, rename, rm, symlink, writeFile } from 'node:fs/promises'
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

test('a mounted Secret that is exchanged while it is read is read again: never half old, half new', async () => {
  await mkdir(join(folder, '..old'))
  // A pipe holds the reader up in the middle of the old folder.
  const pipe = join(folder, '..old', 'TENCENTCLOUD_SECRET_ID')
  execFileSync('mkfifo', [pipe])
  await write(join(folder, '..old'), { SECRET_KEY: 'old' })
  await write(join(folder, '..new'), { SECRET_ID: 'new', SECRET_KEY: 'new', SESSION_TOKEN: 'new' })
  await symlink('..old', join(folder, '..data'))

  const reading = readCredentialFiles(folder)
  const writer = await open(pipe, 'w')
  await symlink('..new', join(folder, '..data_tmp'))
  await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  await writer.writeFile('old')
  await writer.close()
  await expect(reading).resolves.toEqual({ secretId: 'new', secretKey: 'new', token: 'new' })
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
