import type { X509Certificate } from 'node:crypto'
import type { StoredCertificate } from '../certificate-store.ts'
import { facts } from '../facts.ts'
import type { ActionContext } from './action.ts'

const dayMs = 86_400_000
const zoneMs = 8 * 3_600_000
const expiringDays = 30

export type CertificateRecord = ReturnType<typeof fullRecord>

/**
 * An element of DescribeCertificates' answer: every field that the site has. Times carry no zone and mean GMT+8,
 * ProjectId is a string, and lists may be null; all three are documented or seen in the field.
 */
export function recordOf(stored: StoredCertificate, context: ActionContext): CertificateRecord {
  const record = fullRecord(stored, context)
  if (context.profile.site === 'china') return record
  return {
    ...withoutChinaOnly(record, 'Certificates'),
    CertificateExtra: withoutChinaOnly(record.CertificateExtra, 'CertificateExtra'),
  }
}

function fullRecord(stored: StoredCertificate, { now }: ActionContext) {
  const { leaf, type } = stored
  const begin = leaf.validFromDate.getTime()
  const end = leaf.validToDate.getTime()
  const expired = end <= now
  const domain = commonNameOf(leaf)
  const domains = [...new Set([domain, ...dnsNamesOf(leaf)])].filter((each) => each !== '')
  const algorithm = algorithmOf(leaf)
  const ca = type === 'CA'
  const projectId = String(stored.projectId)
  return {
    OwnerUin: stored.account,
    ProjectId: projectId,
    From: 'upload',
    PackageType: null,
    CertificateType: type,
    ProductZhName: '',
    Domain: domains[0] ?? '',
    Alias: stored.alias,
    Status: expired ? 3 : 1,
    CertificateExtra: {
      DomainNumber: String(domains.length),
      OriginCertificateId: null,
      ReplacedBy: null,
      ReplacedFor: null,
      RenewOrder: null,
      SMCert: 0,
      CompanyType: 0,
      ServiceRenewCertificateId: '',
      ServiceOriginCertificateId: '',
    },
    VulnerabilityStatus: 'INACTIVE',
    StatusMsg: '',
    VerifyType: '',
    CertBeginTime: zoneless(begin),
    CertEndTime: zoneless(end),
    ValidityPeriod: String(Math.round((end - begin) / (30 * dayMs))),
    InsertTime: zoneless(stored.createdAt),
    CertificateId: stored.id,
    SubjectAltName: domains,
    PackageTypeName: '',
    StatusName: expired ? 'expired' : 'issued',
    IsVip: false,
    IsDv: false,
    IsWildcard: domains.some((each) => each.startsWith('*.')),
    IsVulnerability: false,
    RenewAble: false,
    ProjectInfo: {
      ProjectName: '',
      ProjectCreatorUin: 0,
      ProjectCreateTime: '',
      ProjectResume: '',
      OwnerUin: Number(stored.account) || 0,
      ProjectId: projectId,
    },
    BoundResource: null,
    Deployable: !ca && !expired,
    Tags: stored.tags.length > 0 ? stored.tags : null,
    IsIgnore: false,
    IsSM: false,
    EncryptAlgorithm: algorithm,
    CAEncryptAlgorithms: ca ? [algorithm] : null,
    CAEndTimes: ca ? [zoneless(end)] : null,
    CACommonNames: ca ? [domain] : null,
    PreAuditInfo: { TotalPeriod: 0, NowPeriod: 0, ManagerId: '' },
    AutoRenewFlag: 0,
    HostingStatus: -1,
    HostingCompleteTime: '',
    HostingRenewCertId: '',
    HasRenewOrder: '',
    ReplaceOriCertIsDelete: false,
    IsExpiring: !expired && end - now <= expiringDays * dayMs,
    DVAuthDeadline: '',
    ValidationPassedTime: '',
    CertSANs: domains,
    AwaitingValidationMsg: '',
    AllowDownload: true,
    IsDNSPODResolve: false,
    IsPackage: false,
    KeyPasswordCustomFlag: false,
    SupportDownloadType: {
      NGINX: true,
      APACHE: true,
      TOMCAT: true,
      IIS: true,
      JKS: true,
      OTHER: true,
      ROOT: false,
    },
    CertRevokedTime: '',
    HostingResourceTypes: null,
    HostingConfig: null,
    IsHostingUploadRenewCert: false,
    ServiceId: '',
    ServiceStatus: '',
    CertServiceBeginTime: '',
    CertServiceEndTime: '',
    CertServiceShareEnabled: false,
    CertServiceValidCertificateCount: 0,
  }
}

function withoutChinaOnly<T extends object>(record: T, structure: string): T {
  const copy: Record<string, unknown> = Object.fromEntries(Object.entries(record))
  for (const field of facts.types[structure] ?? []) {
    if (field.chinaOnly) delete copy[field.name]
  }
  return copy as T
}

/** `2024-11-06 08:00:00`, GMT+8. */
function zoneless(ms: number): string {
  return new Date(ms + zoneMs).toISOString().slice(0, 19).replace('T', ' ')
}

function commonNameOf(certificate: X509Certificate): string {
  return /^CN=(.*)$/m.exec(certificate.subject ?? '')?.[1] ?? ''
}

function dnsNamesOf(certificate: X509Certificate): string[] {
  const names = certificate.subjectAltName?.matchAll(/(?:^|, )DNS:([^,]+)/g) ?? []
  return [...names].map((match) => match[1] ?? '')
}

function algorithmOf(certificate: X509Certificate): string {
  const { asymmetricKeyType } = certificate.publicKey
  if (asymmetricKeyType === 'rsa') return 'RSA'
  return asymmetricKeyType === 'ec' ? 'ECC' : String(asymmetricKeyType)
}
