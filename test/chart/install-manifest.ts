import { renderManifest } from './chart.ts'

const namespace = 'tencent-cert-sync'

const head = `# tencent-cert-sync in one file, for kubectl and kustomize. Generated from charts/tencent-cert-sync: npm run generate.
#
# It needs two more objects: a ConfigMap with the name of this cluster (unique within the account; do not change it later)
# and a Secret with the credentials (each in a file). The pods cannot start without them.
#
#   kubectl apply -f install.yaml
#   kubectl -n ${namespace} create configmap tencent-cert-sync --from-literal=cluster-name=NAME
#   kubectl -n ${namespace} create secret generic tencent-cloud \\
#     --from-file=TENCENTCLOUD_SECRET_ID=FILE --from-file=TENCENTCLOUD_SECRET_KEY=FILE
#
# Set the registry of the image to yours (see examples/overlay). This file needs Kubernetes 1.30 or later, because it
# contains a ValidatingAdmissionPolicy. To use another namespace, change it in the expression of the policy too, or the
# policy applies to nobody (see examples/overlay).
apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
  labels:
    pod-security.kubernetes.io/enforce: restricted
`

/** deploy/install.yaml: the chart with its defaults, in a namespace of its own, without a sign of Helm. */
export async function installManifest(): Promise<string> {
  const clusterName = {
    name: 'TENCENT_CERT_SYNC_CLUSTER_NAME',
    valueFrom: { configMapKeyRef: { name: 'tencent-cert-sync', key: 'cluster-name' } },
  }
  const manifest = await renderManifest({
    release: 'tencent-cert-sync',
    namespace,
    apiVersions: ['admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy'],
    values: { credentials: { existingSecret: 'tencent-cloud' }, extraEnv: [clusterName] },
  })
  const helmsOwn = /^ *(helm\.sh\/chart|app\.kubernetes\.io\/managed-by): .*\n|^# Source: .*\n/gm
  return head + manifest.replaceAll(helmsOwn, '')
}
