import { eventually } from '../harness/eventually.ts'
import { everyCertificateIsTagged, everyStatusIsTrue, neverTooFast, noCertificateTwice } from './claims.ts'
import { killedInTheMiddle, lostOnesAreFoundAgain, unnamedIds } from './claims-kill.ts'
import { type Act, settle, write } from './demo.ts'
import { gather } from './evidence.ts'
import { renewed } from './member.ts'
import { red } from './style.ts'

/** So many uploads of the batch are answered before the next answer is the operator's end. */
const answered = 5

export const kill: Act = {
  title: 'Killed in the middle of a batch',
  about: 'A dozen renewals; SIGKILL between an upload and its answer; a restart.',
  promises: 6,
  async play(demo, tell) {
    const { stage, board, cast } = demo
    const { simulator } = stage
    const renewals = await Promise.all(
      cast.crowd.map(({ name }) => renewed(board.member(name), cast.authorities)),
    )
    const victim = stage.operator
    simulator.fault({ kind: 'kill', pid: victim.pid, action: 'UploadCertificate', skip: answered })
    await Promise.all(renewals.map((member) => write(demo, member)))
    await eventually('the operator is killed', () => !victim.running)
    // At once, as a kubelet does it the first time.
    stage.startOperator()
    tell(red(`operator ${victim.pid} killed by SIGKILL, ${stage.operator.pid} started`))
    await eventually('the calls under way have ended', () => {
      return simulator.calls('UploadCertificate').every(({ result }) => result !== 'Pending')
    })
    const lost = unnamedIds(await gather(stage, board))
    await settle(demo)
    const evidence = await gather(stage, board)
    return [
      killedInTheMiddle(lost),
      lostOnesAreFoundAgain(evidence, lost),
      noCertificateTwice(evidence),
      everyStatusIsTrue(evidence),
      everyCertificateIsTagged(evidence),
      neverTooFast(evidence),
    ]
  },
}
