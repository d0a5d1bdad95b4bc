import { chartTools } from '../programs/chart-tools.ts'
import { goPrograms } from '../programs/go-programs.ts'
import { kubeScoreProgram } from '../programs/kube-score.ts'
import { kubectlProgram } from '../programs/kubernetes.ts'
import { prometheusResources } from './prometheus-operator/custom-resources.ts'

/**
 * vitest's globalSetup: builds and fetches what the tests take from the cache. It has no time-out, as tests have, and
 * says how far it is.
 */
export default async function setup(): Promise<void> {
  await goPrograms(chartTools)
  await goPrograms(kubectlProgram)
  await goPrograms(kubeScoreProgram)
  await prometheusResources()
}
