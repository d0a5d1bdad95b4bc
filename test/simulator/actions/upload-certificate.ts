import type { X509Certificate } from 'node:crypto'
import { ApiError } from '../api-error.ts'
import type { CertificateType, Tag } from '../certificate-store.ts'
import { chainTagKey } from '../chain-tag.ts'
import type { Parameters } from '../parameters.ts'
import { parseChain, parsePrivateKey } from '../pem.ts'
import type { Profile } from '../profile.ts'
import { type Refusable, refusable, type Traits } from '../traits.ts'
import type { Action } from './action.ts'
import { duplicatesOf } from './duplicates.ts'
import { checkTags } from './tags.ts'

/** From this many copies on the service answers with an existing id whatever Repeatable says (documented). */
const mostCopies = 5000

/** Stores a certificate, or says which one is the same. An expired one is accepted: nothing is known of a check. */
export const uploadCertificate: Action = (parameters, context) => {
  const { profile } = context
  const type = typeOf(parameters)
  const tags = checkTags(parameters, profile)
  const alias = aliasOf(parameters, profile)
  checkRefusals(parameters, tags, context.traits)
  const chain = parseChain(String(parameters['CertificatePublicKey']))
  if (type === 'SVR') checkKey(chain[0], parameters)
  else checkAuthorities(chain)

  const copies = duplicatesOf(chain, context, type)
  const [existing] = copies
  if (existing !== undefined) {
    if (parameters['Repeatable'] === false) return answerDuplicate(existing.id, profile)
    if (copies.length >= mostCopies) return { CertificateId: existing.id, RepeatCertId: existing.id }
  }
  const stored = context.store.add({
    account: context.account,
    type,
    chain,
    alias: alias.slice(0, context.traits.aliasCut ?? alias.length),
    projectId: Number(parameters['ProjectId'] ?? 0),
    use: String(parameters['CertificateUse'] ?? ''),
    tags,
  })
  return { CertificateId: stored.id, RepeatCertId: profile.noRepeat }
}

function typeOf(parameters: Parameters): CertificateType {
  const type = parameters['CertificateType'] ?? 'SVR'
  if (type === 'SVR' || type === 'CA') return type
  throw new ApiError('InvalidParameterValue', 'CertificateType has to be SVR or CA.')
}

function aliasOf(parameters: Parameters, profile: Profile): string {
  const alias = String(parameters['Alias'] ?? '')
  if (profile.maxAliasLength !== undefined && alias.length > profile.maxAliasLength) {
    throw new ApiError('InvalidParameter.WithDetailReason', 'Alias is too long.')
  }
  return alias
}

/** Refuses what the account does not like, although nothing is wrong with it. */
function checkRefusals(parameters: Parameters, tags: readonly Tag[], { refused }: Traits): void {
  const sent: Readonly<Record<Refusable, boolean>> = {
    alias: isFilled(parameters['Alias']),
    use: isFilled(parameters['CertificateUse']),
    chainTag: tags.some(({ TagKey }) => TagKey === chainTagKey),
    tags: tags.length > 0,
  }
  for (const what of refusable) {
    const code = refused[what]
    if (code !== undefined && sent[what]) throw new ApiError(code, `An upload with this ${what} is refused.`)
  }
}

function isFilled(value: unknown): boolean {
  return value !== undefined && value !== ''
}

/**
 * Of the page's three codes for a wrong key CertificateMatchError is taken: its text speaks of the pasted content
 * and of stray blanks, as do the texts of the parse error and the CA error that uploads are known to give.
 */
function checkKey(leaf: X509Certificate, parameters: Parameters): void {
  const pem = parameters['CertificatePrivateKey']
  if (typeof pem !== 'string' || pem === '') {
    throw new ApiError('MissingParameter', 'CertificatePrivateKey is required for type SVR.')
  }
  const password = parameters['KeyPassword']
  const key = parsePrivateKey(pem, typeof password === 'string' ? password : undefined)
  if (!leaf.checkPrivateKey(key)) {
    throw new ApiError('FailedOperation.CertificateMatchError', 'The private key does not match.')
  }
}

function checkAuthorities(chain: readonly X509Certificate[]): void {
  if (!chain.every((each) => each.ca)) {
    throw new ApiError('FailedOperation.CertificateCaError', 'The content is not a CA certificate.')
  }
}

function answerDuplicate(id: string, profile: Profile) {
  switch (profile.duplicateAnswer) {
    case 'both-fields':
      return { CertificateId: id, RepeatCertId: id }
    case 'repeat-cert-id-only':
      return { CertificateId: '', RepeatCertId: id }
    case 'certificate-exists':
      throw new ApiError('FailedOperation.CertificateExists', 'The certificate already exists.')
  }
}
