import type { Chain } from '../../certificate/material.ts'
import { aliasWithSuffix } from '../../contract/alias.ts'
import type { Observed } from '../../contract/observe.ts'
import { chainTag, ownerTags } from '../../contract/ownership.ts'
import { lower } from '../../ledger/cosmetics-ladder.ts'
import type { CertificateService, RemoteCertificate, Tag, UploadRequest } from '../../ports/ssl-service.ts'
import type { UploadAction, UploadCertificate } from './action.ts'

/** What the one request of an action came to. */
export type CallResult =
  | {
      readonly kind: 'Uploaded'
      readonly certificateId: string
      /** The service had it already, perhaps with another chain of the same leaf. */
      readonly repeated: boolean
      readonly requestId: string
    }
  | {
      readonly kind: 'Page'
      readonly certificates: readonly RemoteCertificate[]
      readonly isLast: boolean
      readonly nextOffset: number
    }
  | { readonly kind: 'NamedByChain'; readonly certificateId: string | undefined }

/** Makes the one request of an action from what was observed. The private key goes no further than the request (I3). */
export async function makeCall(
  service: CertificateService,
  { observed, cluster }: { readonly observed: Observed; readonly cluster: string },
  action: UploadAction,
  signal: AbortSignal,
): Promise<CallResult> {
  switch (action.name) {
    case 'UploadCertificate': {
      const answer = await service.upload(requestOf(observed, cluster, action), signal)
      const { certificateId, existed, requestId } = answer
      // A copy that was asked for is new, whatever else the answer names.
      return {
        kind: 'Uploaded',
        certificateId,
        repeated: existed && action.copy !== true,
        requestId,
      }
    }
    case 'DescribeCertificates': {
      const { certificates, entries, total } = await service.describe(action.query, signal)
      const nextOffset = ('offset' in action.query ? action.query.offset : 0) + entries
      const isLast =
        action.query.by === 'ids' || entries === 0 || (total !== undefined && nextOffset >= total)
      return { kind: 'Page', certificates, isLast, nextOffset }
    }
    case 'CheckCertificateExist': {
      const certificateId = await service.findByChain(observed.material.chainPem(), signal)
      return { kind: 'NamedByChain', certificateId }
    }
  }
}

function requestOf(observed: Observed, cluster: string, action: UploadCertificate): UploadRequest {
  const { wanted, settings, material } = observed
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
    tags: tagsOf(observed, cluster, action),
    repeatable: copy === true,
  }
}

function tagsOf(
  { secret, wanted, material }: Observed,
  cluster: string,
  { rung, account }: UploadCertificate,
): Tag[] {
  const left = lower(rung, account)
  if (left === 'Everything') return []
  const owner = ownerTags({ cluster, namespace: secret.namespace, name: secret.name })
  const chain = left === 'ChainTag' ? [] : [chainTag(material.chain as Chain)]
  return [...(rung === 'Nothing' ? wanted.tags : []), ...owner, ...chain]
}
