import { renderManifest } from './chart.ts'

const namespace = 'tencent-cert-sync'

const head = `# tencent-cert-sync in one file, for kubectl and kustomize. Generated from charts/tencent-cert-sync: npm run generate.
#
# It needs two more objects, with what no file can know: the name of this cluster (unique within the account, never
# changed) and the credentials (each in a file). The pods wait for them.
#
#   kubectl apply -f install.yaml
#   kubectl -n ${namespace} create configmap tencent-cert-sync --from-literal=cluster-name=NAME
#   kubectl -n ${namespace} create secret generic tencent-cloud \\
#     --from-file=TENCENTCLOUD_SECRET_ID=FILE --from-file=TENCENTCLOUD_SECRET_KEY=FILE
#
# The image has no registry: name yours (examples/overlay shows how). Kubernetes 1.30 or newer, because of the
# ValidatingAdmissionPolicy, which holds the namespace in a text: another namespace must be changed there too, or the
# policy binds nobody (examples/overlay does it).
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
