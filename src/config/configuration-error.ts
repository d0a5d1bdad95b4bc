/** Everything that is wrong with the command line and the environment, at once. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  /** One sentence each: the flag, what was given, what is expected, an example. Without secret values. */
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(['The configuration is not valid:', ...problems.map((problem) => `  ${problem}`)].join('\n'))
    this.problems = problems
  }
}
