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
      return 'Alias, certificate-use, project-id or tags changed after the upload. The uploaded certificate keeps the old values; the new ones apply to the next certificate. To change this one, use the console.'
    case 'VerifyNotAllowed':
      return 'The ID was kept unverified. Grant ssl:DescribeCertificates so that requested-at can verify it.'
    case 'NotVisible':
      return 'The account holds the certificate, but lookups with these credentials do not show it. Grant ssl:DescribeCertificates on all certificates.'
    case 'SettingsRefused':
      return refusedSentence(sent)
    default:
      return `The certificate${domain} is uploaded.`
  }
}

const refusedWords: Readonly<Record<RefusedSettings, readonly string[]>> = {
  settings: ['alias', 'certificate-use', 'tags'],
  'chain-tag': ['the tag cert-sync/chain'],
  'all-tags': ['alias', 'certificate-use', 'any tag'],
}

function refusedSentence(sent: SentSettings | undefined): string {
  if (!sent || sent.refused.length === 0)
    return 'The certificate is uploaded, but some settings were left out.'
  const words = new Intl.ListFormat('en-GB').format(sent.refused.flatMap((it) => refusedWords[it]))
  const code = sent.code ? ` (${sent.code})` : ''
  const isChainTag = sent.refused.every((it) => it === 'chain-tag')
  const which = isChainTag ? 'it' : 'at least one of them'
  return `Uploaded without ${words}: Tencent Cloud refused ${which}${code}. ${consequence(sent.refused)}`
}

function consequence(refused: readonly RefusedSettings[]): string {
  if (refused.includes('all-tags'))
    return 'The certificate has no ownership tags, so it cannot be found by cluster or Secret.'
  return refused.includes('settings')
    ? 'Correct the annotations; they apply to the next certificate.'
    : 'The annotations need no change.'
}
