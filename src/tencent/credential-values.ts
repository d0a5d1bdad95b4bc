import { open, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { credentialNames } from '../config.ts'

/** A key pair of Tencent Cloud's API; `token` goes with temporary ones. */
export interface Credentials {
  readonly secretId: string
  readonly secretKey: string
  readonly token?: string
}

type Part = keyof Credentials

/** Credentials are absent or unusable. The message names the variable or the file, never a value. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError'
}

/** Characters; all of them together have to fit into the headers of one request. */
const maxLength: Readonly<Record<Part, number>> = { secretId: 256, secretKey: 256, token: 8192 }

/**
 * Trims the values and checks what goes into HTTP headers: bounded, nothing but visible ASCII.
 * @param describe what to call a part in a message, for example `The file /etc/x/TENCENTCLOUD_SECRET_ID`
 * @throws CredentialsError
 */
export function validateCredentials(
  values: { readonly [part in Part]?: string | undefined },
  describe: (part: Part) => string,
): Credentials {
  const optional = (part: Part): string | undefined => {
    const value = values[part]?.trim() ?? ''
    if (value.length > maxLength[part]) throw new CredentialsError(`${describe(part)} is too long.`)
    if (!/^[\x21-\x7e]*$/.test(value)) {
      throw new CredentialsError(`${describe(part)} has characters that credentials never have.`)
    }
    return value === '' ? undefined : value
  }
  const required = (part: Part): string => {
    const value = optional(part)
    if (value === undefined) throw new CredentialsError(`${describe(part)} is missing or empty.`)
    return value
  }
  const pair = { secretId: required('secretId'), secretKey: required('secretKey') }
  const token = optional('token')
  return token === undefined ? pair : { ...pair, token }
}

/**
 * Reads the files of a folder. Kubernetes renews a mounted Secret by pointing `..data` to a new folder: all files are
 * read from one such folder, so that an old id never goes with a new key, and again if it was exchanged meanwhile.
 * @throws CredentialsError
 */
export async function readCredentialFiles(path: string): Promise<Credentials> {
  const folder = await currentFolder(path)
  const values = await Promise.all(
    (['secretId', 'secretKey', 'token'] as const).map((part) => readSmallFile(folder, path, part)),
  )
  if ((await currentFolder(path)) !== folder) return readCredentialFiles(path)
  const [secretId, secretKey, token] = values.map((it) => {
    if (it instanceof CredentialsError) throw it
    return it
  })
  return validateCredentials({ secretId, secretKey, token }, (part) => describeFile(path, part))
}

async function currentFolder(path: string): Promise<string> {
  return realpath(join(path, '..data')).catch(() => path)
}

function describeFile(path: string, part: Part): string {
  return `The file ${join(path, credentialNames[part])}`
}

/** The text of a file, undefined when it does not exist; what cannot be read is returned as an error. */
async function readSmallFile(
  folder: string,
  path: string,
  part: Part,
): Promise<string | undefined | CredentialsError> {
  try {
    await using file = await open(join(folder, credentialNames[part]))
    // Room for blanks around the longest value; what is longer fails the validation.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maxLength[part] + 1024))
    return buffer.toString('utf8', 0, bytesRead)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    return new CredentialsError(`${describeFile(path, part)} cannot be read (${code ?? 'unknown error'}).`)
  }
}
