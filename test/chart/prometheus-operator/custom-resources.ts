import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../../programs/run-program.ts'
import { type KubernetesObject, objectsOf } from '../kubernetes-object.ts'

const module = 'github.com/prometheus-operator/prometheus-operator'

/**
 * The CustomResourceDefinitions that the chart has objects for, from the module that go.mod pins; Go fetches it.
 * @throws Error that says what Go said
 */
export async function prometheusResources(): Promise<KubernetesObject[]> {
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  const told = await runProgram(['go', 'mod', 'download', '-json', module], { cwd })
  const folder = join((JSON.parse(told) as { Dir: string }).Dir, 'example', 'prometheus-operator-crd')
  return ['servicemonitors', 'podmonitors', 'prometheusrules'].flatMap((name) =>
    objectsOf(readFileSync(join(folder, `monitoring.coreos.com_${name}.yaml`), 'utf8')),
  )
}
