/** What decides who gets the next permit of a lane. */
export interface CallPriority {
  /** This key failed with this input before: those that have not go first. */
  readonly failedBefore: boolean
  /** What the account holds for the key expires within seven days. */
  readonly urgent: boolean
  /** It can wait: it goes after everything else. It is not the key of a Secret. */
  readonly background?: true
  /**
   * ms since the epoch: when what the account holds for the key expires. Undefined: it holds nothing; then the key goes
   * before others of its group that are not urgent.
   */
  readonly expiresAt: number | undefined
  /** Keys of one group (a namespace) share its turn. */
  readonly group: string
}
