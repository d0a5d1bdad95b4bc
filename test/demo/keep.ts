import { statusKeys, userKeys } from '../../src/contract/annotation-keys.ts'
import { namespace, type Stage } from './stage.ts'
import { bold, dim } from './style.ts'

/** What to try while everything keeps running, to be copied into another terminal. */
export function whatToTry(stage: Stage): string {
  const { controlPlane, control, operator, operatorLog } = stage
  const metrics = operator.log().find(({ msg }) => msg === 'serving metrics')?.['address']
  const column = (title: string, key: string) =>
    `${title}:.metadata.annotations.${key.replaceAll('.', '\\.')}`
  const columns = [
    'NAME:.metadata.name',
    column('PHASE', statusKeys.phase),
    column('REASON', statusKeys.reason),
    column('ID', statusKeys.certificateId),
  ]
  const kubectl = `kubectl -n ${namespace}`
  return [
    bold('Everything keeps running until Ctrl-C. In another terminal:'),
    '',
    `export KUBECONFIG=${controlPlane.adminKubeconfig}`,
    '',
    dim('# every Secret and its id'),
    `${kubectl} get secrets -o custom-columns='${columns.join(',')}'`,
    '',
    dim('# the story of one'),
    `${kubectl} events --for secret/wrong-key`,
    '',
    dim('# opt in: the id is there in a third of a second'),
    `${kubectl} annotate secret not-opted-in ${userKeys.upload}=true`,
    '',
    dim('# delete a certificate in the cloud, then request a check: it is uploaded again'),
    `ID=$(${kubectl} get secret wildcard -o jsonpath='{.metadata.annotations.${statusKeys.certificateId.replaceAll('.', '\\.')}}')`,
    `curl -s -X DELETE ${control.url}/certificates/$ID`,
    `${kubectl} annotate --overwrite secret wildcard ${userKeys.requestedAt}="$(date)"`,
    '',
    dim('# what the cloud holds, and every call that it has seen'),
    `curl -s ${control.url}/certificates`,
    `curl -s ${control.url}/calls?action=UploadCertificate`,
    '',
    dim('# an outage, and its end; opt something in meanwhile'),
    `curl -s -d '{"kind": "http-status", "status": 503}' ${control.url}/faults`,
    `curl -s -X DELETE ${control.url}/faults`,
    '',
    dim('# the operator'),
    `tail -f ${operatorLog}`,
    `curl -s http://${metrics}/metrics`,
  ].join('\n')
}
