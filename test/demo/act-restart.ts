import { eventually } from '../harness/eventually.ts'
import { noKeyIsAnywhere } from './claims.ts'
import { endsInOrder, restartCostsNothing } from './claims-kill.ts'
import { type Act, type Demo, running } from './demo.ts'
import { gather } from './evidence.ts'
import { namespace } from './stage.ts'

const reconciles = 'tencent_cert_sync_reconcile_total'

export const restart: Act = {
  title: 'Restarted with nothing to do',
  about: 'SIGTERM and a new start, as with every upgrade of the operator.',
  promises: 3,
  still: true,
  async play(demo, tell) {
    const { stage, board } = demo
    const before = await gather(stage, board)
    tell(`${running(stage)} gets SIGTERM`)
    const exitCode = await stage.operator.stop()
    const operator = stage.startOperator()
    tell(`${running(stage)} starts`)
    await operator.ready()
    tell(`${running(stage)} reconciles every Secret`)
    const synced = board.members.filter(({ expected }) => expected.phase === 'Synced').length
    await eventually('every Secret is reconciled', async () => {
      return (await operator.metric(reconciles, { step: 'Synced' })) >= synced
    })
    tell(`${running(stage)} has reconciled every Secret`)
    const after = await gather(stage, board)
    return [
      endsInOrder(exitCode),
      restartCostsNothing(before, after),
      noKeyIsAnywhere(board.written, await everythingWritten(demo)),
    ]
  },
}

async function everythingWritten({ stage, board }: Demo): Promise<Record<string, string>> {
  const { annotations } = await gather(stage, board)
  const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`
  return {
    logs: stage.output,
    annotations: JSON.stringify([...annotations]),
    Events: JSON.stringify(await stage.controlPlane.admin.request('GET', path)),
    metrics: await stage.operator.metrics(),
  }
}
