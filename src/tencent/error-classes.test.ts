import { expect, test } from 'vitest'
import seedCodes from '../../test/simulator/api/error-codes.json' with { type: 'json' }
import type { FailureClass } from '../ports/service-error.ts'
import { classify, connectionFailure } from './error-classes.ts'

const plain = { action: 'UploadCertificate', cosmeticsSent: false } as const
const withCosmetics = { ...plain, cosmeticsSent: true }

type Expected = Readonly<Record<string, FailureClass | readonly [FailureClass, FailureClass]>>

/** Every code of the UploadCertificate page: its class, and its class while alias, tags or use were sent. */
const page: Expected = {
  AuthFailure: 'caller',
  'AuthFailure.UnauthorizedOperation': 'not-allowed',
  FailedOperation: 'unknown',
  'FailedOperation.AuthError': 'not-allowed',
  'FailedOperation.CAMAuthorizedFail': 'not-allowed',
  'FailedOperation.CancelOrderFailed': 'unknown',
  'FailedOperation.CannotBeDeletedIssued': 'unknown',
  'FailedOperation.CannotBeDeletedWithinHour': 'unknown',
  'FailedOperation.CannotGetOrder': 'unknown',
  'FailedOperation.CertificateCaError': 'rejected',
  'FailedOperation.CertificateEncryptInvalid': 'rejected',
  'FailedOperation.CertificateExists': 'exists',
  'FailedOperation.CertificateInvalid': 'rejected',
  'FailedOperation.CertificateMatchError': 'rejected',
  'FailedOperation.CertificateMismatch': 'rejected',
  'FailedOperation.CertificateNotFound': 'unknown',
  'FailedOperation.CertificateParseError': 'rejected',
  'FailedOperation.ExceedsFreeLimit': 'quota',
  'FailedOperation.InvalidCertificateStatusCode': 'unknown',
  'FailedOperation.InvalidParam': ['rejected', 'cosmetic'],
  'FailedOperation.NetworkError': 'outage',
  'FailedOperation.NoProjectPermission': 'not-allowed',
  'FailedOperation.NoRealNameAuth': 'caller',
  'FailedOperation.OrderAlreadyReplaced': 'unknown',
  'FailedOperation.OrderReplaceFailed': 'unknown',
  InternalError: 'outage',
  'InvalidParameter.MissMatchPrivateKey': 'rejected',
  'InvalidParameter.WithDetailReason': ['rejected', 'cosmetic'],
  'LimitExceeded.RateLimitExceeded': 'throttled',
}

/** Why a connection failed, as far as that is named. */
const causes = [
  ...[
    'ENOTFOUND',
    'EAI_AGAIN',
    'ECONNREFUSED',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ETIMEDOUT',
    'ECONNRESET',
    'EPIPE',
  ],
  ...['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ...['UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_UNTRUSTED'],
  ...['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ...['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'],
]

/** Common codes of API 3.0, codes seen elsewhere, and our own. */
const others: Expected = {
  RequestLimitExceeded: 'throttled',
  'RequestLimitExceeded.UinLimitExceeded': 'throttled',
  'RequestLimitExceeded.GlobalRegionUinLimitExceeded': 'throttled',
  'RequestLimitExceeded.IPLimitExceeded': 'throttled',
  'InternalError.BackendResponseError': 'outage',
  'FailedOperation.SystemError': 'outage',
  ResourceUnavailable: 'outage',
  ServiceUnavailable: 'outage',
  ResourceInUse: 'outage',
  'AuthFailure.InvalidAuthorization': 'caller',
  'AuthFailure.InvalidSecretId': 'caller',
  'AuthFailure.MFAFailure': 'caller',
  'AuthFailure.SecretIdNotFound': 'caller',
  'AuthFailure.SignatureExpire': 'caller',
  'AuthFailure.SignatureFailure': 'caller',
  'AuthFailure.TokenFailure': 'caller',
  IpInBlacklist: 'caller',
  IpNotInWhitelist: 'caller',
  'UnauthorizedOperation.IpNotInWhitelist': 'caller',
  UnauthorizedOperation: ['not-allowed', 'cosmetic'],
  'UnauthorizedOperation.CamNoAuth': ['not-allowed', 'cosmetic'],
  'FailedOperation.RoleNotFoundAuthorization': 'not-allowed',
  RoleNotFoundAuthorization: 'not-allowed',
  LimitExceeded: 'quota',
  'InvalidParameter.CertificatesNumberExceeded': 'quota',
  InvalidParameter: ['rejected', 'cosmetic'],
  InvalidParameterValue: ['rejected', 'cosmetic'],
  'InvalidParameter.ReservedTagKey': ['rejected', 'cosmetic'],
  'InvalidParameterValue.TagNotExists': ['rejected', 'cosmetic'],
  UnknownParameter: ['rejected', 'cosmetic'],
  MissingParameter: 'rejected',
  RequestSizeLimitExceeded: 'rejected',
  InvalidAction: 'unknown',
  NoSuchVersion: 'unknown',
  UnsupportedRegion: 'unknown',
  'FailedOperation.SomethingNew': 'unknown',
  SomethingNew: 'unknown',
  HTTP429: 'outage',
  HTTP500: 'outage',
  HTTP503: 'outage',
  HTTP404: 'outage',
  HTTP413: 'unknown',
  Timeout: 'outage',
  ConnectionFailed: 'outage',
  ...Object.fromEntries(causes.map((cause) => [`ConnectionFailed.${cause}`, 'outage'] as const)),
  MalformedResponse: 'outage',
  Aborted: 'outage',
  Redirect: 'unknown',
  CredentialsMissing: 'caller',
}

test('every code of the page, and no other, has a class that was chosen for it', () => {
  expect(Object.keys(page).sort()).toEqual([...seedCodes].sort())
})

test.each(Object.entries({ ...page, ...others }))('%s is %j', (code, expected) => {
  const [without, sent] = typeof expected === 'string' ? [expected, expected] : expected
  expect(classify(code, plain).failure).toBe(without)
  expect(classify(code, withCosmetics).failure).toBe(sent)
})

test.each(Object.keys({ ...page, ...others }))('the hint for %s is one bounded sentence', (code) => {
  for (const context of [plain, withCosmetics]) {
    expect(classify(code, context).hint).toMatch(/^[A-Z][^{}\n]{20,160}\.$/)
  }
})

test('exact codes that speak of key and quota are not taken for cosmetic like the rest of their prefix', () => {
  expect(classify('InvalidParameter.MissMatchPrivateKey', withCosmetics).failure).toBe('rejected')
  expect(classify('InvalidParameter.CertificatesNumberExceeded', withCosmetics).failure).toBe('quota')
  expect(classify('InvalidParameter.Whatever', withCosmetics).failure).toBe('cosmetic')
})

test('what concerns one Secret or one call alone says nothing about the account', () => {
  for (const code of ['FailedOperation.NoProjectPermission', 'Aborted', 'ResourceInUse']) {
    expect(classify(code, plain).countsForAccount).toBe(false)
  }
  for (const code of ['AuthFailure', 'InternalError', 'UnauthorizedOperation']) {
    expect(classify(code, plain).countsForAccount).toBe(true)
  }
})

test.each([
  'UnauthorizedOperation',
  'AuthFailure.UnauthorizedOperation',
  'FailedOperation.CAMAuthorizedFail',
])('%s of an upload to a project that the Secret chose says nothing about the account', (code) => {
  expect(classify(code, plain)).toMatchObject({ failure: 'not-allowed', countsForAccount: true })
  const { failure, countsForAccount, hint } = classify(code, { ...plain, projectSent: true })
  expect({ failure, countsForAccount }).toEqual({ failure: 'not-allowed', countsForAccount: false })
  expect(hint).toContain('project-id')
})

test('refused credentials are those of the account whatever project was sent', () => {
  expect(classify('AuthFailure', { ...plain, projectSent: true }).countsForAccount).toBe(true)
})

test('a code that is the name of a built-in property is one more unknown code', () => {
  expect(classify('constructor', plain).failure).toBe('unknown')
})

test('the causes of a failed connection come from a fixed list: they become labels', () => {
  for (const cause of causes) expect(connectionFailure(cause)).toBe(`ConnectionFailed.${cause}`)
  for (const cause of ['', 'EWHATEVER', 'constructor', 'ENOTFOUND.x', 'a proxy says']) {
    expect(connectionFailure(cause)).toBe('ConnectionFailed')
  }
})

test('hints name what has to change', () => {
  expect(classify('AuthFailure.SignatureExpire', plain).hint).toContain('clock')
  expect(classify('Redirect', plain).hint).toContain('--tencent-endpoint')
  expect(classify('FailedOperation.AuthError', { ...plain, action: 'DescribeCertificates' }).hint).toContain(
    'ssl:DescribeCertificates',
  )
})
