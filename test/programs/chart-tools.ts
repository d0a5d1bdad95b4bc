import { fileURLToPath } from 'node:url'
import type { GoProgramSet } from './go-program-set.ts'

/** What checks, documents and installs the chart. Helm says v3.22 of itself, as charts may ask for a version. */
export const chartTools = {
  name: 'chart-tools',
  title: 'helm, helm-unittest, helm-docs and kubeconform',
  module: fileURLToPath(new URL('../chart/tools', import.meta.url)),
  programs: {
    helm: 'helm.sh/helm/v3/cmd/helm',
    'helm-unittest': 'github.com/helm-unittest/helm-unittest/cmd/helm-unittest',
    'helm-docs': 'github.com/norwoodj/helm-docs/cmd/helm-docs',
    kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform',
  },
} as const satisfies GoProgramSet
