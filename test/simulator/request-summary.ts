import type { OpenCall } from './call-log.ts'
import { fingerprints, type Tag } from './certificate-store.ts'
import { isObject } from './parameters.ts'
import { parseChain } from './pem.ts'

type Summary = Pick<
  OpenCall,
  | 'certificateType'
  | 'leafFingerprint'
  | 'chainFingerprint'
  | 'alias'
  | 'projectId'
  | 'certificateUse'
  | 'repeatable'
  | 'tags'
  | 'certIds'
>

/** What a body says, for the list of calls; wrong types and unknown names are passed over. Reads no key. */
export function summarize(body: unknown): Summary {
  if (!isObject(body)) return {}
  const summary: Summary = {}
  if (typeof body['Alias'] === 'string') summary.alias = body['Alias']
  if (typeof body['ProjectId'] === 'number') summary.projectId = body['ProjectId']
  if (typeof body['CertificateUse'] === 'string') summary.certificateUse = body['CertificateUse']
  if (typeof body['Repeatable'] === 'boolean') summary.repeatable = body['Repeatable']
  if (Array.isArray(body['Tags'])) {
    summary.tags = body['Tags'].filter(isTag).map(({ TagKey, TagValue }) => ({ TagKey, TagValue }))
  }
  if (Array.isArray(body['CertIds'])) summary.certIds = body['CertIds'].map(String)
  const { CertificatePublicKey: pem } = body
  if (typeof pem === 'string') Object.assign(summary, describeChain(pem, body['CertificateType']))
  return summary
}

function describeChain(pem: string, type: unknown): Summary {
  const certificateType = type === 'CA' ? 'CA' : 'SVR'
  try {
    return { certificateType, ...fingerprints(certificateType, parseChain(pem)) }
  } catch {
    return { certificateType }
  }
}

export function isTag(value: unknown): value is Tag {
  return isObject(value) && typeof value['TagKey'] === 'string' && typeof value['TagValue'] === 'string'
}
