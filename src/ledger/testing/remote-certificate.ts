import type { RemoteCertificate } from '../../ports/ssl-service.ts'

/** A certificate as a listing shows it: of type SVR and without a tag, unless it is said otherwise. */
export function remoteCertificate(
  certificateId: string,
  more: Partial<RemoteCertificate> = {},
): RemoteCertificate {
  return {
    certificateId,
    alias: '',
    type: 'SVR',
    notAfter: undefined,
    tags: [],
    ownerUin: undefined,
    ...more,
  }
}
