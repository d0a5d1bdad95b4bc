import type { X509Certificate } from 'node:crypto'
import type { StoredCertificate, Tag } from '../certificate-store.ts'
import { facts } from '../facts.ts'
import type { Traits } from '../traits.ts'
import type { ActionContext } from './action.ts'

const dayMs = 86_400_000
const zoneMs = 8 * 3_600_000
const expiringDays = 30

export type CertificateRecord = ReturnType<typeof fullRecord>

/**
 * An element of DescribeCertificates' answer: every field that the site has. ProjectId is a string, lists may be
 * null, and times carry no zone and mean GMT+8, unless the traits say otherwise; all of it is documented or seen in the
 * field.
 */
export function recordOf(stored: StoredCertificate, context: ActionContext): CertificateRecord {
  const record = fullRecord(stored, context)
  if (context.profile.site === 'china') return record
  return {
    ...withoutChinaOnly(record, 'Certificates'),
    CertificateExtra: withoutChinaOnly(record.CertificateExtra, 'CertificateExtra'),
  }
}

function fullRecord(stored: StoredCertificate, context: ActionContext) {
  const { now, ownerUin, traits } = context
  const { leaf, type } = stored
  const tags = listedTags(stored, context)
  const time = (ms: number) => timeText(ms, traits)
  const { begin, end, domain, domains, algorithm } = readOnce(leaf)
  const expired = end <= now
  const ca = type === 'CA'
  const projectId = String(stored.projectId)
  return {
    OwnerUin: ownerUin,
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
    CertBeginTime: time(begin),
    CertEndTime: time(end),
    ValidityPeriod: String(Math.round((end - begin) / (30 * dayMs))),
    InsertTime: time(stored.createdAt),
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
      OwnerUin: Number(ownerUin) || 0,
      ProjectId: projectId,
    },
    BoundResource: null,
    Deployable: !ca && !expired,
    Tags: tags.length > 0 ? tags : null,
    IsIgnore: false,
    IsSM: false,
    EncryptAlgorithm: algorithm,
    CAEncryptAlgorithms: ca ? [algorithm] : null,
    CAEndTimes: ca ? [time(end)] : null,
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

const known = new WeakMap<X509Certificate, ReturnType<typeof read>>()

/** Large accounts are listed page by page, and each page takes all of their certificates. */
function readOnce(leaf: X509Certificate) {
  const facts = known.get(leaf) ?? read(leaf)
  known.set(leaf, facts)
  return facts
}

function read(leaf: X509Certificate) {
  const domain = commonNameOf(leaf)
  return {
    begin: leaf.validFromDate.getTime(),
    end: leaf.validToDate.getTime(),
    domain,
    domains: [...new Set([domain, ...dnsNamesOf(leaf)])].filter((each) => each !== ''),
    algorithm: algorithmOf(leaf),
  }
}

function withoutChinaOnly<T extends object>(record: T, structure: string): T {
  const copy: Record<string, unknown> = Object.fromEntries(Object.entries(record))
  for (const field of facts.types[structure] ?? []) {
    if (field.chinaOnly) delete copy[field.name]
  }
  return copy as T
}

/** The tags that listings know of by now. */
export function listedTags(stored: StoredCertificate, { now, traits }: ActionContext): readonly Tag[] {
  return now - stored.createdAt < traits.tagLagMs ? [] : stored.tags
}

/** `2024-11-06 08:00:00` in GMT+8, unless the traits say otherwise: `2024-11-06T00:00:00.000000Z`. */
function timeText(ms: number, { dates }: Traits): string {
  const shiftMs = dates === 'gmt+8' ? zoneMs : 0
  const text = new Date(ms + shiftMs).toISOString().slice(0, 19)
  return dates === 'rfc3339' ? `${text}.000000Z` : text.replace('T', ' ')
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
