import type { ObjectKey } from '../ports/secrets.ts'

/** Splits `namespace/name`. Neither contains a slash. @throws TypeError if it is not such a key. */
export function splitKey(key: ObjectKey): { readonly namespace: string; readonly name: string } {
  const [namespace, name, ...rest] = key.split('/')
  if (!namespace || !name || rest.length > 0) throw new TypeError(`not a Secret's key: ${key}`)
  return { namespace, name }
}
