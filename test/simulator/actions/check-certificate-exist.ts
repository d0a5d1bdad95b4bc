import { parseChain } from '../pem.ts'
import type { Action } from './action.ts'
import { duplicatesOf } from './duplicates.ts'

/**
 * Looks a chain up without its key. The action has no parameter for the type, so both are searched: an answer
 * may name a CA certificate where a server certificate was meant, and the other way round.
 */
export const checkCertificateExist: Action = (parameters, context) => {
  const chain = parseChain(String(parameters['CertificatePublicKey']))
  const [oldest] = duplicatesOf(chain, context)
  return { RepeatCertId: oldest?.id ?? '' }
}
