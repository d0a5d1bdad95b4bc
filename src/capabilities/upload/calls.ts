import { aliasWithSuffix } from '../../contract/alias.ts'
import { chainTag, ownerTags } from '../../contract/ownership.ts'
import { lower } from '../../ledger/cosmetics-ladder.ts'
import type { CertificateService, RemoteCertificate, Tag, UploadRequest } from '../../ports/ssl-service.ts'
import type { FindByChain, Lookup, UploadAction, UploadCertificate } from './action.ts'
import { ownerOf, type ViewOfChain } from './view.ts'

export interface Uploaded {
  readonly kind: 'Uploaded'
  readonly action: UploadCertificate
  readonly certificateId: string
  /** The service had it already, perhaps with another chain of the same leaf. */
  readonly repeated: boolean
  readonly requestId: string
}

/** A page of what was looked up. */
export interface Page {
  readonly kind: 'Page'
  readonly action: Lookup
  readonly certificates: readonly RemoteCertificate[]
  readonly isLast: boolean
  readonly nextOffset: number
}

export interface NamedByChain {
  readonly kind: 'NamedByChain'
  readonly action: FindByChain
  /** Undefined: the service knows none. */
  readonly certificateId: string | undefined
}

/** What the one request of an action came to. */
export type CallResult = Uploaded | Page | NamedByChain

/** What a request is made from. */
type CallView = Pick<ViewOfChain, 'observed' | 'chain' | 'identity'>

/** Makes the one request of an action from what was observed. The private key goes no further than the request (I3). */
export async function makeCall(
  service: CertificateService,
  view: CallView,
  action: UploadAction,
  signal: AbortSignal,
): Promise<CallResult> {
  switch (action.name) {
    case 'UploadCertificate': {
      const answer = await service.upload(requestOf(view, action), signal)
      const { certificateId, existed, requestId } = answer
      // A copy that was asked for is new, whatever else the answer names.
      const repeated = existed && action.copy !== true
      return { kind: 'Uploaded', action, certificateId, repeated, requestId }
    }
    case 'DescribeCertificates': {
      const { certificates, entries, total } = await service.describe(action.query, signal)
      const nextOffset = ('offset' in action.query ? action.query.offset : 0) + entries
      const isLast =
        action.query.by === 'ids' || entries === 0 || (total !== undefined && nextOffset >= total)
      return { kind: 'Page', action, certificates, isLast, nextOffset }
    }
    case 'CheckCertificateExist': {
      const certificateId = await service.findByChain(view.observed.material.chainPem(), signal)
      return { kind: 'NamedByChain', action, certificateId }
    }
  }
}

function requestOf(view: CallView, action: UploadCertificate): UploadRequest {
  const { wanted, settings, material } = view.observed
  const { copy, suffix, asPkcs8 } = action
  const withSettings = action.rung === 'Nothing' && action.account !== 'Everything'
  const alias = withSettings ? wanted.alias : ''
  return {
    type: settings.type,
    certificate: material.chainPem(),
    ...(settings.type === 'SVR'
      ? { privateKey: asPkcs8 ? material.keyPem('pkcs8') : material.keyPem() }
      : {}),
    // The suffix of a copy is what a crash is recovered by: never left out.
    ...(suffix ? { alias: aliasWithSuffix(alias, suffix).trim() } : alias ? { alias } : {}),
    ...(withSettings && wanted.use !== undefined ? { use: wanted.use } : {}),
    ...(settings.projectId === undefined ? {} : { projectId: settings.projectId }),
    tags: tagsOf(view, action),
    repeatable: copy === true,
  }
}

function tagsOf(view: CallView, { rung, account }: UploadCertificate): Tag[] {
  const left = lower(rung, account)
  if (left === 'Everything') return []
  const chain = left === 'ChainTag' ? [] : [chainTag(view.chain)]
  return [...(rung === 'Nothing' ? view.observed.wanted.tags : []), ...ownerTags(ownerOf(view)), ...chain]
}
