import type { Environment } from './environment.ts'

/** Where the credentials come from. `none`: a dry run without any. */
export type CredentialsSource =
  | {
      readonly kind: 'environment'
      readonly secretId: string
      readonly secretKey: string
      readonly token?: string
    }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'none' }

/** A source, or what is wrong. */
export type Credentials = { readonly source: CredentialsSource } | { readonly problems: readonly string[] }

/** Names of environment variables, and of files in the credentials directory. */
export const credentialNames = {
  secretId: 'TENCENTCLOUD_SECRET_ID',
  secretKey: 'TENCENTCLOUD_SECRET_KEY',
  token: 'TENCENTCLOUD_SESSION_TOKEN',
} as const

const remedy =
  'expected in the environment, or as files in --credentials-directory, for example: --credentials-directory /etc/tencent-cert-sync/credentials'

/**
 * The credentials in the environment, or what is wrong with them (never the values). Blanks around a value are
 * dropped: a newline at the end is the usual slip. What is not ASCII could not go into a header.
 */
export function environmentCredentials(environment: Environment, dryRun: boolean): Credentials {
  const read = (name: string) => environment[name]?.trim() ?? ''
  const problems = Object.values(credentialNames)
    .filter((name) => !/^[\x21-\x7e]*$/.test(read(name)))
    .map(
      (name) =>
        `${name}: holds blanks or characters beyond ASCII, expected the value as Tencent Cloud shows it`,
    )
  const [secretId, secretKey, token] = [
    read(credentialNames.secretId),
    read(credentialNames.secretKey),
    read(credentialNames.token),
  ]
  const missing = [credentialNames.secretId, credentialNames.secretKey].filter((name) => read(name) === '')
  if (missing.length === 2 && dryRun) return { source: { kind: 'none' } }
  if (missing.length > 0) problems.push(`${missing.join(' and ')}: not set, ${remedy}`)
  if (problems.length > 0) return { problems }
  return { source: { kind: 'environment', secretId, secretKey, ...(token === '' ? {} : { token }) } }
}
