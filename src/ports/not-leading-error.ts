/**
 * This process may not act: another one may be the leader by now. Whatever was about to leave the process was not sent.
 * No failure of a Secret: it ends the reconcile without a status, an Event or a repetition.
 */
export class NotLeadingError extends Error {
  override readonly name = 'NotLeadingError'

  constructor() {
    super('this process does not hold the lease')
  }
}
