import type { FailureClass } from '../ports/service-error.ts'
import type { ServiceAction } from '../ports/ssl-service.ts'

interface ErrorClass {
  readonly failure: Exclude<FailureClass, 'cosmetic'>
  /** What the user can do: one sentence. `{action}` stands for the action that failed. */
  readonly hint: string
  /** The complaint may be about alias, tags or use, which never block an upload (I13). */
  readonly perhapsCosmetic?: true
  /** The complaint may be about the form of the private key. */
  readonly perhapsKeyForm?: true
  /** The complaint may be about the project, which a Secret chooses for itself. */
  readonly perhapsProject?: true
  /** Says nothing about the account as a whole (I14). */
  readonly countsForAccount?: false
}

const slowDown: ErrorClass = {
  failure: 'throttled',
  hint: 'No action is needed: the operator slows down. Other tools share the limit of the account.',
}
const outage: ErrorClass = {
  failure: 'outage',
  hint: 'No action is needed: the operator retries until Tencent Cloud answers.',
}
const unreachable: ErrorClass = {
  failure: 'outage',
  hint: 'Check that the operator can connect to the host of --tencent-endpoint (DNS, network policy, TLS certificate, proxies).',
}
const nameUnknown: ErrorClass = {
  failure: 'outage',
  hint: 'Check that the operator can resolve the host of --tencent-endpoint, or of HTTPS_PROXY (name, cluster DNS, network policy).',
}
const refused: ErrorClass = {
  failure: 'outage',
  hint: 'Check host and port of --tencent-endpoint, or of HTTPS_PROXY: nothing accepts connections there.',
}
const noRoute: ErrorClass = {
  failure: 'outage',
  hint: 'Check that network policies, firewalls and routes allow connections to the host of --tencent-endpoint, or of HTTPS_PROXY.',
}
const cutOff: ErrorClass = {
  failure: 'outage',
  hint: 'The operator retries. If this continues, check firewalls and proxies between the operator and Tencent Cloud.',
}
const untrusted: ErrorClass = {
  failure: 'outage',
  hint: 'Set NODE_EXTRA_CA_CERTS to a PEM file with the authority that signed the certificate of the endpoint, or of a proxy that inspects TLS.',
}
const outOfDate: ErrorClass = {
  failure: 'outage',
  hint: 'Check the clock of the node, and the dates of the certificate that --tencent-endpoint or a proxy that inspects TLS presents.',
}
const otherHost: ErrorClass = {
  failure: 'outage',
  hint: 'Correct --tencent-endpoint, or the proxy: the certificate that was presented is for another host name.',
}
const notTls: ErrorClass = {
  failure: 'outage',
  hint: 'Check that --tencent-endpoint, and HTTPS_PROXY if it is an https URL, support TLS 1.2 or later on that port.',
}
const credentials: ErrorClass = {
  failure: 'caller',
  hint: "Check that the operator's SecretId, SecretKey and session token are those of an active key pair.",
}
const address: ErrorClass = {
  failure: 'caller',
  hint: "Allow the operator's outgoing IP address in the IP lists of the account and its keys.",
}
const permission: ErrorClass = {
  failure: 'not-allowed',
  hint: "Allow ssl:{action} on all resources for the operator's credentials in Cloud Access Management.",
  perhapsProject: true,
}
const project: ErrorClass = {
  failure: 'not-allowed',
  hint: "Correct the project-id annotation, or give the operator's credentials access to that project.",
  countsForAccount: false,
}
const serviceRole: ErrorClass = {
  failure: 'not-allowed',
  hint: 'Authorize the service role of the SSL Certificate service in the console of the account.',
}
const quota: ErrorClass = {
  failure: 'quota',
  hint: 'Delete certificates that are no longer used, or ask Tencent Cloud for a higher quota.',
}
const certificate: ErrorClass = {
  failure: 'rejected',
  hint: 'Check the certificate in the Secret: Tencent Cloud expects PEM, the server certificate first, then its intermediates.',
}
const keyPair: ErrorClass = {
  failure: 'rejected',
  hint: 'Check that the private key in the Secret belongs to the certificate.',
}
const parameters: ErrorClass = {
  failure: 'rejected',
  hint: 'Check the annotations of the Secret (project-id, certificate-type) and the certificate itself.',
  perhapsCosmetic: true,
}
const endpoint: ErrorClass = {
  failure: 'unknown',
  hint: "Check that --tencent-endpoint is the address of Tencent Cloud's SSL Certificate service.",
}
/** Codes of orders and deletions: the service's page lists them, but no upload is known to cause one. */
const unexpected: ErrorClass = {
  failure: 'unknown',
  hint: "Look up the code in Tencent Cloud's list of error codes. The operator retries.",
}

/**
 * All that is known of Tencent Cloud's codes: exact ones, and prefixes that end in `*`. Sources: the error codes of the
 * UploadCertificate page and the common error codes of API 3.0. The last group are our own codes, for failures that
 * came without one.
 */
const errorClasses: Readonly<Record<string, ErrorClass>> = {
  'LimitExceeded.RateLimitExceeded': slowDown,
  'RequestLimitExceeded*': slowDown,

  'InternalError*': outage,
  'FailedOperation.NetworkError': outage,
  'FailedOperation.SystemError': outage,
  'ResourceUnavailable*': outage,
  'ServiceUnavailable*': outage,
  // Somebody works on this very certificate: no sign of an outage of the service.
  'ResourceInUse*': { ...outage, countsForAccount: false },

  'AuthFailure*': credentials,
  'AuthFailure.SignatureExpire': {
    failure: 'caller',
    hint: "Set the clock of the node: it is more than five minutes off from Tencent Cloud's (clock skew).",
  },
  'FailedOperation.NoRealNameAuth': {
    failure: 'caller',
    hint: 'Complete the identity verification of the Tencent Cloud account.',
  },
  'IpInBlacklist*': address,
  'IpNotInWhitelist*': address,
  'AuthFailure.IpNotInWhitelist': address,
  'UnauthorizedOperation.IpNotInWhitelist': address,

  'AuthFailure.UnauthorizedOperation': permission,
  // May be the missing permission to tag.
  'UnauthorizedOperation*': { ...permission, perhapsCosmetic: true },
  'FailedOperation.AuthError': permission,
  'FailedOperation.CAMAuthorizedFail': permission,
  'FailedOperation.NoProjectPermission': project,
  'FailedOperation.RoleNotFoundAuthorization': serviceRole,
  RoleNotFoundAuthorization: serviceRole,

  'LimitExceeded*': quota,
  'FailedOperation.ExceedsFreeLimit': quota,
  'InvalidParameter.CertificatesNumberExceeded': quota,

  'FailedOperation.CertificateInvalid': certificate,
  'FailedOperation.CertificateParseError': { ...certificate, perhapsKeyForm: true },
  'FailedOperation.CertificateMatchError': keyPair,
  'FailedOperation.CertificateMismatch': keyPair,
  'InvalidParameter.MissMatchPrivateKey': keyPair,
  'FailedOperation.CertificateCaError': {
    failure: 'rejected',
    hint: 'Check the certificate-type annotation: CA is only for certificates of an authority.',
  },
  'FailedOperation.CertificateEncryptInvalid': {
    failure: 'rejected',
    hint: 'Use an RSA or ECDSA certificate: Tencent Cloud treats this one as an SM2 certificate.',
  },
  'FailedOperation.InvalidParam': parameters,
  'InvalidParameter*': parameters,
  'InvalidParameter.WithDetailReason': parameters,
  'UnknownParameter*': parameters,
  'MissingParameter*': { failure: 'rejected', hint: parameters.hint },
  'RequestSizeLimitExceeded*': {
    failure: 'rejected',
    hint: 'Make the certificate chain in the Secret smaller.',
  },

  'FailedOperation.CertificateExists': {
    failure: 'exists',
    hint: 'Delete the copy of this certificate that the account already holds, or allow the operator to look it up.',
  },

  FailedOperation: unexpected,
  'FailedOperation.CancelOrderFailed': unexpected,
  'FailedOperation.CannotBeDeletedIssued': unexpected,
  'FailedOperation.CannotBeDeletedWithinHour': unexpected,
  'FailedOperation.CannotGetOrder': unexpected,
  'FailedOperation.CertificateNotFound': unexpected,
  'FailedOperation.InvalidCertificateStatusCode': unexpected,
  'FailedOperation.OrderAlreadyReplaced': unexpected,
  'FailedOperation.OrderReplaceFailed': unexpected,

  ActionOffline: endpoint,
  'InvalidAction*': endpoint,
  'InvalidRequest*': endpoint,
  NoSuchProduct: endpoint,
  NoSuchVersion: endpoint,
  'UnsupportedOperation*': endpoint,
  UnsupportedProtocol: endpoint,
  UnsupportedRegion: endpoint,

  Aborted: {
    failure: 'outage',
    hint: 'No action is needed: the operator was stopped during the call.',
    countsForAccount: false,
  },
  ConnectionFailed: unreachable,
  'ConnectionFailed.ENOTFOUND': nameUnknown,
  'ConnectionFailed.EAI_AGAIN': nameUnknown,
  'ConnectionFailed.ECONNREFUSED': refused,
  'ConnectionFailed.EHOSTUNREACH': noRoute,
  'ConnectionFailed.ENETUNREACH': noRoute,
  'ConnectionFailed.ETIMEDOUT': noRoute,
  'ConnectionFailed.ECONNRESET': cutOff,
  'ConnectionFailed.EPIPE': cutOff,
  'ConnectionFailed.DEPTH_ZERO_SELF_SIGNED_CERT': untrusted,
  'ConnectionFailed.SELF_SIGNED_CERT_IN_CHAIN': untrusted,
  'ConnectionFailed.UNABLE_TO_GET_ISSUER_CERT': untrusted,
  'ConnectionFailed.UNABLE_TO_GET_ISSUER_CERT_LOCALLY': untrusted,
  'ConnectionFailed.UNABLE_TO_VERIFY_LEAF_SIGNATURE': untrusted,
  'ConnectionFailed.CERT_UNTRUSTED': untrusted,
  'ConnectionFailed.CERT_HAS_EXPIRED': outOfDate,
  'ConnectionFailed.CERT_NOT_YET_VALID': outOfDate,
  'ConnectionFailed.ERR_TLS_CERT_ALTNAME_INVALID': otherHost,
  'ConnectionFailed.EPROTO': notTls,
  'ConnectionFailed.ERR_SSL_WRONG_VERSION_NUMBER': notTls,
  'ConnectionFailed.ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION': notTls,
  Timeout: unreachable,
  MalformedResponse: unreachable,
  HTTP429: outage,
  'HTTP5*': outage,
  // A gateway's word, not the service's: it says nothing of the certificate, and may be another one soon.
  'HTTP*': { failure: 'outage', hint: endpoint.hint },
  HTTP413: {
    failure: 'unknown',
    hint: 'Make the certificate chain in the Secret smaller, or allow requests of this size in the proxies between the operator and Tencent Cloud.',
  },
  Proxy407: {
    failure: 'outage',
    hint: 'Add the user and password of the proxy to HTTPS_PROXY, or add the host of --tencent-endpoint to NO_PROXY.',
  },
  ProxyMalformed: {
    failure: 'outage',
    hint: 'Correct the address of the proxy in HTTPS_PROXY: what answers there sends headers that do not end.',
  },
  'Proxy*': {
    failure: 'outage',
    hint: 'Allow the proxy in HTTPS_PROXY to connect to the host of --tencent-endpoint, or add that host to NO_PROXY.',
  },
  Redirect: {
    failure: 'unknown',
    hint: 'Correct --tencent-endpoint: its host redirects to another address, and the operator does not follow redirects with a private key.',
  },
  CredentialsMissing: {
    failure: 'caller',
    hint: 'Provide TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY.',
  },
}

/**
 * The code of a connection that failed: `ConnectionFailed.` and the cause, where it is one of those above. Causes become
 * labels of metrics, so there is a fixed list of them; with any other it is `ConnectionFailed`.
 * @param cause the code of Node's error
 */
export function connectionFailure(cause: string): string {
  const code = `ConnectionFailed.${cause}`
  return Object.hasOwn(errorClasses, code) ? code : 'ConnectionFailed'
}

const prefixes = Object.keys(errorClasses)
  .filter((key) => key.endsWith('*'))
  .map((key) => key.slice(0, -1))
  .sort((a, b) => b.length - a.length)

/** What a code means for an action: the fields of a ServiceError that depend on the code. */
export interface Classification {
  readonly failure: FailureClass
  readonly hint: string
  readonly countsForAccount: boolean
  readonly perhapsKeyForm: boolean
}

/**
 * Sorts a code of the service, or one of ours, into its class (see `FailureClass`). This is the one place that
 * knows codes. An exact row beats a prefix, a longer prefix a shorter one: so the two codes under `InvalidParameter`
 * that speak of key and quota are never taken for cosmetic.
 * @param cosmeticsSent alias, tags or use were part of the request: what may be about them is `cosmetic` (I13)
 * @param projectSent a project was part of the request: what may be about it says nothing of the account (I14)
 */
export function classify(
  code: string,
  context: {
    readonly action: ServiceAction
    readonly cosmeticsSent?: boolean | undefined
    readonly projectSent?: boolean | undefined
  },
): Classification {
  const found = find(code)
  const asked = found?.perhapsProject && context.projectSent ? project : (found ?? unexpected)
  const { failure, hint, countsForAccount = true, perhapsKeyForm = false } = asked
  if (found?.perhapsCosmetic && context.cosmeticsSent) {
    return {
      failure: 'cosmetic',
      hint: "Check alias, tags and use, and that the operator's credentials may set tags.",
      countsForAccount: false,
      perhapsKeyForm: false,
    }
  }
  return { failure, hint: hint.replace('{action}', context.action), countsForAccount, perhapsKeyForm }
}

function find(code: string): ErrorClass | undefined {
  if (Object.hasOwn(errorClasses, code)) return errorClasses[code]
  const prefix = prefixes.find((it) => code.startsWith(it))
  return prefix === undefined ? undefined : errorClasses[`${prefix}*`]
}
