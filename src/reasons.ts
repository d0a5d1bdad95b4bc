/**
 * The one vocabulary of outcomes. The same word is the `reason` annotation, the Event reason, the metric label and the
 * field of the log line, so that what a user reads in one place can be searched in every other.
 *
 * Form: CamelCase, specific (Kubernetes API conventions, "Events").
 */
export const reasons = {
  // phase Synced
  CertificateUploaded: 'The certificate was uploaded and has this CertificateId.',
  CertificateAdopted: 'The account already held this certificate; its CertificateId was taken over.',
  SettingsNotApplied:
    'Alias, use, project or tags changed after the upload; the uploaded certificate keeps the old ones.',
  SettingsRefused: 'Tencent Cloud refused alias, tags or use; the certificate was uploaded without them.',
  VerifyNotAllowed: 'The id could not be looked up for lack of permission; it was kept.',

  // phase Pending
  TemporaryCertificate: "cert-manager's temporary certificate is in place; the issued one is awaited.",
  UploadBudgetExceeded: 'Too many new certificates within an hour for one Secret.',

  // phase Failed: retried
  ServiceUnavailable: 'Tencent Cloud did not answer, or answered with an internal error.',
  CredentialsRefused: 'Tencent Cloud refused the credentials.',
  NotAllowed: 'The credentials lack the permission for this call.',
  QuotaExceeded: 'The account holds as many certificates as it may.',
  ExistsElsewhere: 'The account holds this certificate, but its id could not be found.',
  UnexpectedError: 'Tencent Cloud answered with a code that is not known.',

  // phase Rejected: not tried before something changes
  InvalidAnnotation: 'An annotation has a value that does not parse.',
  MissingData: 'A data key is missing or empty.',
  DataTooLarge: 'Certificate, chain or key is larger than the bounds.',
  CertificateUnreadable: 'The certificate is no PEM-encoded X.509.',
  KeyUnreadable: 'The private key is no PEM-encoded key.',
  KeyEncrypted: 'The private key is encrypted.',
  NoLeafCertificate: 'There is no server certificate among the certificates.',
  KeyMismatch: 'The private key does not belong to the certificate.',
  CertificateExpired: 'The certificate has expired.',
  RefusedByService: 'Tencent Cloud refused the certificate.',

  // never a status: shown by Events, metrics and log lines only
  Throttled: 'Tencent Cloud asked to slow down.',
  StatusContested: 'Somebody else keeps rewriting the status annotations.',
  StatusNotWritable: 'The API server refused the status annotations.',
  AccountHeld: 'No Secret is uploaded until the account works again.',
  AccountReleased: 'The account works again.',
  ServiceSilent: 'Tencent Cloud does not answer: calls are slowed down until it does.',
  ServiceAnswers: 'Tencent Cloud answers again.',
} as const

/** One outcome, as it appears in annotations, Events, metrics and log lines. */
export type Reason = keyof typeof reasons

/** Whether a text, for example a stored annotation, is a word of the vocabulary. */
export function isReason(text: string | undefined): text is Reason {
  return text !== undefined && Object.hasOwn(reasons, text)
}
