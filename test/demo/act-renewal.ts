import { setTimeout as sleep } from 'node:timers/promises'
import { everyStatusIsTrue, noCertificateTwice } from './claims.ts'
import { correctedOnesAreUploaded, nothingElseIsWritten, renewedOnesRemember } from './claims-renewal.ts'
import { type Act, type Demo, settle, write } from './demo.ts'
import { gather } from './evidence.ts'
import { corrected, issued, type Member, optIn, renewed, withChain } from './member.ts'

const betweenMs = 250

export const renewal: Act = {
  title: 'Renewal',
  about: 'Certificates are renewed, one gets another chain, mistakes are put right.',
  promises: 5,
  async play(demo) {
    const { stage, board } = demo
    const before = await gather(stage, board)
    const renewals = await renewedMembers(demo)
    const corrections = await correctedMembers(demo)
    for (const member of [...renewals, ...corrections]) {
      await Promise.all([write(demo, member), sleep(betweenMs)])
    }
    await settle(demo)
    const after = await gather(stage, board)
    const names = (members: readonly Member[]) => members.map(({ name }) => name)
    return [
      renewedOnesRemember(before, after, names(renewals)),
      correctedOnesAreUploaded(before, after, names(corrections)),
      nothingElseIsWritten(before, after, names([...renewals, ...corrections])),
      everyStatusIsTrue(after),
      noCertificateTwice(after),
    ]
  },
}

function renewedMembers({ board, cast }: Demo): Promise<Member[]> {
  const { authorities, blogLeaf } = cast
  const { crossSigned, otherRoot } = authorities
  return Promise.all([
    renewed(board.member('shop-rsa'), authorities, 'renewed, a new RSA key', 'rsa'),
    renewed(board.member('api-ecdsa'), authorities),
    renewed(board.member('twin-one'), authorities, 'renewed without its twin'),
    withChain(board.member('blog'), 'same leaf, another chain', [blogLeaf, crossSigned, otherRoot]),
  ])
}

function correctedMembers({ board, cast }: Demo): Promise<Member[]> {
  const { authorities, wrongKeyLeaf } = cast
  return Promise.all([
    issued(board.member('temporary'), authorities),
    renewed(board.member('expired'), authorities),
    corrected(board.member('wrong-key'), 'with its own key', { key: wrongKeyLeaf.keyPem }),
    corrected(board.member('typo'), 'upload: "true"', { annotations: optIn }),
  ])
}
