/** Where things are and listen that the two programs need to know. */
export interface ControlPlaneLayout {
  folder: string
  etcdPort: number
  peerPort: number
  apiPort: number
}

/** Files in the folder of a control plane, by what they are. */
export function files(folder: string) {
  const at = (name: string) => `${folder}/${name}`
  return {
    etcdData: at('etcd'),
    etcdLog: at('etcd.log'),
    apiServerLog: at('kube-apiserver.log'),
    auditLog: at('audit.jsonl'),
    auditPolicy: at('audit-policy.json'),
    ca: at('ca.crt'),
    serverCertificate: at('server.crt'),
    serverKey: at('server.key'),
    serviceAccountKey: at('service-account.key'),
    serviceAccountPublicKey: at('service-account.pub'),
    tokens: at('tokens.csv'),
    adminKubeconfig: at('admin.kubeconfig'),
  }
}

/** etcd's command line: loopback only, and no fsync, since nobody needs the data after the tests. */
export function etcdArguments({ folder, etcdPort, peerPort }: ControlPlaneLayout): string[] {
  const client = `http://127.0.0.1:${etcdPort}`
  const peer = `http://127.0.0.1:${peerPort}`
  return [
    `--data-dir=${files(folder).etcdData}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
    '--quota-backend-bytes=4294967296',
    '--log-level=warn',
  ]
}

/**
 * kube-apiserver's command line. Admission plugins are the defaults: none of those that wait for a controller touches
 * Secrets, ServiceAccounts, RBAC or Events.
 */
export function apiServerArguments({ folder, etcdPort, apiPort }: ControlPlaneLayout): string[] {
  const file = files(folder)
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${apiPort}`,
    // Nobody reaches it by a Service, and a loopback address may not be an endpoint.
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.0.0.0/24',
    `--tls-cert-file=${file.serverCertificate}`,
    `--tls-private-key-file=${file.serverKey}`,
    `--token-auth-file=${file.tokens}`,
    '--anonymous-auth=true',
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${file.serviceAccountPublicKey}`,
    `--service-account-signing-key-file=${file.serviceAccountKey}`,
    `--audit-policy-file=${file.auditPolicy}`,
    `--audit-log-path=${file.auditLog}`,
    // In MB: the log is never rotated away under a reader.
    '--audit-log-maxsize=4096',
    '--profiling=false',
    '--v=0',
  ]
}
