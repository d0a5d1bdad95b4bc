import type { Observed } from '../../contract/observe.ts'
import type { RefusedSettings, SentSettings } from '../../contract/status.ts'
import { lower } from '../../ledger/cosmetics-ladder.ts'
import type { Upload } from '../../ledger/entry.ts'
import type { Reason } from '../../reasons.ts'

/** What is put on record of an upload's settings. */
export function sentSettings({ settings: hash, rung, account, refusedWith: code }: Upload): SentSettings {
  const left = lower(rung, account)
  if (left === 'Everything') return { hash, refused: ['all-tags'], code }
  const refused = [
    ...(rung === 'Nothing' ? [] : (['settings'] as const)),
    ...(left === 'ChainTag' ? (['chain-tag'] as const) : []),
  ]
  return { hash, refused, code: refused.length > 0 ? code : undefined }
}

/** Why a certificate counts as synced, by what is on record of it and what the annotations ask for now. */
export function syncedReason(
  { settings, settingsHash }: Observed,
  { origin, sent }: { readonly origin: 'Uploaded' | 'Adopted'; readonly sent: SentSettings | undefined },
): Reason {
  if (origin === 'Adopted') return 'CertificateAdopted'
  if (settings.leftOut.length > 0) return 'SettingsRefused'
  if (sent !== undefined && sent.hash !== settingsHash) return 'SettingsNotApplied'
  return sent && sent.refused.length > 0 ? 'SettingsRefused' : 'CertificateUploaded'
}

/** For people. A function of the reason and of what is on record, so that it is the same after a restart. */
export function syncedMessage(reason: Reason, observed: Observed, sent: SentSettings | undefined): string {
  const { leftOut } = observed.settings
  const unusable = leftOut.length > 0 ? ` Left out: ${leftOut.join('; ')}.` : ''
  return sentence(reason, observed, sent) + unusable
}

function sentence(reason: Reason, { material }: Observed, sent: SentSettings | undefined): string {
  const domain = material.chain?.domain ? ` for ${material.chain.domain.slice(0, 100)}` : ''
  switch (reason) {
    case 'CertificateAdopted':
      return `The account already held this certificate${domain}; its ID is reused. Alias, tags and chain may differ.`
    case 'SettingsNotApplied':
      return 'Alias, certificate-use, project-id or tags changed after the upload. The uploaded certificate keeps the old ones; change them in the console, or they apply to the next certificate.'
    case 'VerifyNotAllowed':
      return 'The ID was kept unverified. Grant ssl:DescribeCertificates so that requested-at can verify it.'
    case 'NotVisible':
      return 'The account holds the certificate, but look-ups with these credentials do not show it. Grant ssl:DescribeCertificates on all certificates.'
    case 'SettingsRefused':
      return refusedSentence(sent)
    default:
      return `The certificate${domain} is uploaded.`
  }
}

const refusedWords: Readonly<Record<RefusedSettings, string>> = {
  settings: 'alias, certificate-use and tags',
  'chain-tag': 'the tag cert-sync/chain',
  'all-tags': 'alias, certificate-use and any tag',
}

function refusedSentence(sent: SentSettings | undefined): string {
  if (!sent || sent.refused.length === 0)
    return 'The certificate is uploaded, but not all settings could be used.'
  const words = sent.refused.map((it) => refusedWords[it]).join(' and ')
  const code = sent.code ? ` (${sent.code})` : ''
  const wayOut = sent.refused.includes('all-tags')
    ? 'Without its ownership tags, the operator never changes this certificate.'
    : 'Correct the annotations; they apply to the next certificate.'
  return `Uploaded without ${words}: Tencent Cloud refused one of them${code}. ${wayOut}`
}
