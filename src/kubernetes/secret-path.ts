import type { ObjectKey } from '../ports/secrets.ts'

/** The path of all Secrets, of one namespace or of the cluster. */
export function secretsPath(namespace?: string): string {
  if (namespace === undefined) return '/api/v1/secrets'
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`
}

/** The path of one Secret. */
export function secretPath(namespace: string, name: string): string {
  return `${secretsPath(namespace)}/${encodeURIComponent(name)}`
}

/** Splits `namespace/name`. Neither contains a slash. @throws TypeError if it is not such a key. */
export function splitKey(key: ObjectKey): { readonly namespace: string; readonly name: string } {
  const [namespace, name, ...rest] = key.split('/')
  if (!namespace || !name || rest.length > 0) throw new TypeError(`not a Secret's key: ${key}`)
  return { namespace, name }
}
