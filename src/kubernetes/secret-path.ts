/** The path of all Secrets, of one namespace or of the cluster. */
export function secretsPath(namespace?: string): string {
  if (namespace === undefined) return '/api/v1/secrets'
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`
}

/** The path of one Secret. */
export function secretPath(namespace: string, name: string): string {
  return `${secretsPath(namespace)}/${encodeURIComponent(name)}`
}
