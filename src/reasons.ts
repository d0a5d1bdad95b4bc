/**
 * The one vocabulary of outcomes. The same word is the `reason` annotation, the Event reason, the metric label and the
 * field of the log line, so that what a user reads in one place can be searched in every other.
 *
 * Form: CamelCase, specific (Kubernetes API conventions, "Events").
 */
export const reasons = {
  // phase Synced
  CertificateUploaded: 'The certificate was uploaded and has this CertificateId.',
  CertificateAdopted: 'The account already held this certificate; its CertificateId is reused.',
  SettingsNotApplied:
    'Alias, use, project or tags changed after the upload; the uploaded certificate keeps the old values.',
  SettingsRefused:
    'An alias, use or tag is invalid, or Tencent Cloud refused it; the certificate was uploaded without it.',
  VerifyNotAllowed:
    'The CertificateId was kept unverified: the credentials lack the permission to look it up.',
  NotVisible:
    'The account holds the certificate, but lookups with these credentials do not show it. While that is so, no further copy is uploaded.',

  // phase Pending
  TemporaryCertificate:
    "The Secret holds cert-manager's temporary certificate; the issued certificate will be uploaded.",
  UploadBudgetExceeded: 'The Secret had too many new certificates within an hour.',

  // phase Failed: retried
  ServiceUnavailable: 'Tencent Cloud did not respond, or responded with an internal error.',
  Throttled: 'Tencent Cloud throttles the calls.',
  CredentialsRefused: 'Tencent Cloud refused the credentials.',
  NotAllowed: 'The credentials lack a permission that is needed.',
  QuotaExceeded: 'The account has reached its certificate quota.',
  ExistsElsewhere: 'The account already holds this certificate, but its CertificateId could not be found.',
  CertificateMissing: 'The account no longer holds the certificate; it is uploaded again.',
  AccountChanged:
    'The account no longer shows certificates that were uploaded, or they belong to another owner than before.',
  UnexpectedError:
    'Tencent Cloud responded with an unknown error code, or the operator could not process the Secret.',

  // phase Rejected: not retried until something changes
  InvalidAnnotation: 'An annotation has an invalid value.',
  MissingData: 'A key of the Secret is missing or empty.',
  DataTooLarge: 'The certificate, its chain or the private key is too large.',
  CertificateUnreadable: 'The certificate is not a PEM-encoded X.509 certificate.',
  KeyUnreadable: 'The private key is not a PEM-encoded key.',
  KeyEncrypted: 'The private key is encrypted.',
  NoLeafCertificate: 'The Secret contains no server certificate.',
  UnsupportedKey: 'A certificate has a public key that is too large, or of a kind that is not supported.',
  UnsupportedExtension: 'A certificate has an extension of a kind that is not supported.',
  KeyMismatch: 'The private key does not match the certificate.',
  CertificateExpired: 'The certificate has expired.',
  RefusedByService: 'Tencent Cloud refused the certificate.',

  // never a status: in Events and log lines only
  StatusContested: 'Another writer keeps changing the status annotations.',
  StatusNotWritable: 'The API server refused the status annotations.',
  AccountHeld: 'Calls to the account are on hold until it works again.',
  AccountReleased: 'The account works again; calls continue.',
  ServiceSilent: 'Tencent Cloud does not answer: calls are slowed down until it does.',
  ServiceAnswers: 'Tencent Cloud answers again.',
} as const

/** One outcome, as it appears in annotations, Events, metrics and log lines. */
export type Reason = keyof typeof reasons

/** Whether a text, for example a stored annotation, is a word of the vocabulary. */
export function isReason(text: string | undefined): text is Reason {
  return text !== undefined && Object.hasOwn(reasons, text)
}
