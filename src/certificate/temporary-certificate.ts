import type { Material } from './material.ts'

const certificateName = 'cert-manager.io/certificate-name'
const issuerName = 'cert-manager.io/issuer-name'
const temporaryIssuer = 'cert-manager.local'

/**
 * Whether a Secret holds the stand-in that cert-manager writes until the issuer has answered
 * (`cert-manager.io/issue-temporary-certificate`). cert-manager names the issuer only when it has issued; a copy that
 * lost the annotations still has the stand-in's issuer.
 */
export function isTemporaryCertificate(
  annotations: Readonly<Record<string, string>>,
  material: Material,
): boolean {
  if (Object.hasOwn(annotations, certificateName) && !Object.hasOwn(annotations, issuerName)) return true
  return material.chain?.issuerCommonName === temporaryIssuer
}
