import type { StoredCertificate, Tag } from '../certificate-store.ts'
import type { Parameters } from '../parameters.ts'
import type { Action, ActionContext } from './action.ts'
import { type CertificateRecord, listedTags, recordOf } from './certificate-record.ts'
import { checkTags } from './tags.ts'

const defaultLimit = 10
const mostLimit = 1000

/** Lists the account's certificates, newest first unless ExpirationSort says otherwise. Never shows a key. */
export const describeCertificates: Action = (parameters, context) => {
  const tags = checkTags(parameters, context.profile)
  const found = context.store
    .list(context.account)
    .toReversed()
    .filter((stored) => isVisible(stored, context))
    .map((stored) => ({ stored, record: recordOf(stored, context) }))
    .filter(({ stored, record }) => isWanted(parameters, stored, record) && hasTags(record, tags))
  const direction = { ASC: 1, DESC: -1 }[String(parameters['ExpirationSort'])]
  if (direction !== undefined) {
    found.sort((a, b) => direction * (expiryOf(a.stored) - expiryOf(b.stored)))
  }
  const offset = Number(parameters['Offset'] ?? 0)
  const limit = Math.min(Number(parameters['Limit'] ?? defaultLimit), mostLimit, context.traits.pageCap)
  return {
    TotalCount: found.length,
    Certificates: found.slice(offset, offset + limit).map(({ record }) => record),
  }
}

/** Filters that only concern bought, hosted or subscribed certificates find nothing among uploaded ones. */
function isWanted(parameters: Parameters, stored: StoredCertificate, record: CertificateRecord): boolean {
  const filters: Readonly<Record<string, (value: unknown) => boolean>> = {
    CertIds: (value) => isEmptyList(value) || listOf(value).includes(stored.id),
    SearchKey: (value) => matchesSearch(String(value), record),
    CertificateType: (value) => value === stored.type,
    ProjectId: (value) => value === stored.projectId,
    CertificateStatus: (value) => isEmptyList(value) || listOf(value).includes(record.Status),
    Deployable: (value) => (value === 1) === record.Deployable,
    FilterSource: (value) => value === '' || value === record.From,
    FilterExpiring: (value) => value !== 1 || record.IsExpiring,
    Upload: (value) => value !== 1,
    Renew: (value) => value !== 1 || record.RenewAble,
    IsSM: (value) => value !== 1 || record.IsSM,
    Hostable: (value) => value !== 1,
    IsPendingIssue: (value) => value !== 1,
    ServiceId: (value) => value === '',
  }
  return Object.entries(filters).every(([name, passes]) => {
    const value = parameters[name]
    return value === undefined || passes(value)
  })
}

function matchesSearch(text: string, record: CertificateRecord): boolean {
  const wanted = text.toLowerCase()
  const { CertificateId, Alias, Domain, SubjectAltName } = record
  return [CertificateId, Alias, Domain, ...SubjectAltName].some((each) => each.toLowerCase().includes(wanted))
}

/** Whether it is listed by now, and the caller's permission lets it be seen. */
function isVisible(stored: StoredCertificate, context: ActionContext): boolean {
  const { visibleTag, listingLagMs } = context.traits
  if (context.now - stored.createdAt < listingLagMs) return false
  return (
    visibleTag === null ||
    listedTags(stored, context).some(
      ({ TagKey, TagValue }) =>
        TagKey === visibleTag.key && (visibleTag.value === undefined || TagValue === visibleTag.value),
    )
  )
}

function hasTags({ Tags }: CertificateRecord, wanted: readonly Tag[]): boolean {
  return wanted.every(({ TagKey, TagValue }) =>
    Tags?.some((tag) => tag.TagKey === TagKey && tag.TagValue === TagValue),
  )
}

function expiryOf(stored: StoredCertificate): number {
  return stored.leaf.validToDate.getTime()
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function isEmptyList(value: unknown): boolean {
  return listOf(value).length === 0
}
