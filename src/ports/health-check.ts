/** A reason to answer a probe with 503, in words, or undefined when all is well. */
export interface HealthCheck {
  readonly name: string
  problem(): string | undefined
}
