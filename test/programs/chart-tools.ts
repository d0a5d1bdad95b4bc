import { fileURLToPath } from 'node:url'
import { kubernetesVersion } from '../control-plane/version.ts'
import type { GoProgramSet } from './go-program-set.ts'

const [major, minor] = kubernetesVersion().split('.')

/** What checks, documents and installs the chart. Without the stamp, helm renders for Kubernetes 1.20. */
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
  linkerFlags: [
    `-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=${major}`,
    `-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=${minor}`,
    `-X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor=${major}`,
    `-X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor=${minor}`,
  ],
} as const satisfies GoProgramSet
