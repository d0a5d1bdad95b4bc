import type { Observed } from '../../contract/observe.ts'
import type { RefusedSettings, SentSettings } from '../../contract/status.ts'
import type { Rung } from '../../ledger/cosmetics-ladder.ts'
import type { Reason } from '../../reasons.ts'

const refusedBy: Readonly<Record<Rung, RefusedSettings | undefined>> = {
  Nothing: undefined,
  Settings: 'settings',
  ChainTag: 'chain-tag',
  AllTags: 'all-tags',
}

/** The word that is stored for what an upload left out. */
export function leftOutOf(rung: Rung): RefusedSettings | undefined {
  return refusedBy[rung]
}

/** Why a certificate counts as synced, by what is on record of it and what the annotations ask for now. */
export function syncedReason(
  { settings, settingsHash }: Observed,
  { origin, sent }: { readonly origin: 'Uploaded' | 'Adopted'; readonly sent: SentSettings | undefined },
): Reason {
  if (origin === 'Adopted') return 'CertificateAdopted'
  if (settings.leftOut.length > 0) return 'SettingsRefused'
  if (sent !== undefined && sent.hash !== settingsHash) return 'SettingsNotApplied'
  return sent?.refused ? 'SettingsRefused' : 'CertificateUploaded'
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
      return refusedSentence(sent?.refused)
    default:
      return `The certificate${domain} is uploaded.`
  }
}

function refusedSentence(refused: RefusedSettings | undefined): string {
  switch (refused) {
    case undefined:
      return 'The certificate is uploaded, but not all settings could be used.'
    case 'settings':
      return 'Uploaded without alias, certificate-use and tags: Tencent Cloud refused one of them. Correct the annotations; they apply to the next certificate.'
    case 'chain-tag':
      return 'Uploaded without alias, certificate-use, tags and the tag cert-sync/chain: Tencent Cloud refused them.'
    case 'all-tags':
      return 'Uploaded without alias, certificate-use and any tag: Tencent Cloud refused them. Without its ownership tags the operator never changes this certificate.'
  }
}
