/** How long the API server asked to wait, ms; 0 when it did not. */
export function retryAfterMs(error: unknown): number {
  const asked = error instanceof Error && 'retryAfterMs' in error ? error.retryAfterMs : undefined
  return typeof asked === 'number' ? asked : 0
}

/** What may be logged of an error: our own ones carry no Secret data; of anything else only the name. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  return error.name === 'KubernetesError' || error.name === 'ServiceError' ? error.message : error.name
}
