import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { requiredModule } from '../../programs/required-module.ts'
import { type KubernetesObject, objectsOf } from '../kubernetes-object.ts'

const module = 'github.com/prometheus-operator/prometheus-operator'

/**
 * The CustomResourceDefinitions that the chart has objects for, from the module that go.mod pins; Go fetches it.
 * @throws Error that says what Go said
 */
export async function prometheusResources(): Promise<KubernetesObject[]> {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const folder = join(await requiredModule(here, module), 'example', 'prometheus-operator-crd')
  return ['servicemonitors', 'podmonitors', 'prometheusrules'].flatMap((name) =>
    objectsOf(readFileSync(join(folder, `monitoring.coreos.com_${name}.yaml`), 'utf8')),
  )
}
