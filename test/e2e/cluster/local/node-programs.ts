import { addresses, nodeName } from './addresses.ts'
import { containerdSocket } from './containerd-config.ts'
import type { Layout } from './layout.ts'

/** Programs of the node that come from Go modules, by name; containerd is the machine's own. */
export const builtPrograms = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'kubelet',
  'coredns',
] as const

export type BuiltProgram = (typeof builtPrograms)[number]
export type NodeProgramName = BuiltProgram | 'containerd'

/** How a program is started and how one sees that it serves. */
export interface NodeProgram {
  readonly command: readonly [string, ...string[]]
  /** An address that answers 200, or a command that ends with 0. */
  readonly ready: { readonly url: string } | { readonly command: readonly [string, ...string[]] }
}

/** Every program of the node. @param paths where the built ones are */
export function nodePrograms(
  files: Layout,
  paths: Readonly<Record<BuiltProgram, string>>,
): Record<NodeProgramName, NodeProgram> {
  const config = (name: 'kube-controller-manager' | 'kube-scheduler' | 'kubelet') =>
    `--kubeconfig=${files.kubeconfig(name)}`
  // There is one of each: nobody to agree with, so nothing to wait for.
  const alone = ['--leader-elect=false', '--bind-address=127.0.0.1', '--profiling=false']
  return {
    etcd: {
      command: [
        paths.etcd,
        `--data-dir=${files.etcdData}`,
        '--listen-client-urls=http://127.0.0.1:2379',
        '--advertise-client-urls=http://127.0.0.1:2379',
        '--listen-peer-urls=http://127.0.0.1:2380',
        // Nobody needs the data after the tests.
        '--unsafe-no-fsync',
        '--log-level=warn',
      ],
      ready: { url: 'http://127.0.0.1:2379/health' },
    },
    containerd: {
      command: ['containerd', '--config', files.containerdConfig],
      ready: { command: ['ctr', '--address', containerdSocket, 'version'] },
    },
    'kube-apiserver': {
      command: [paths['kube-apiserver'], ...apiServerFlags(files)],
      ready: { url: `${addresses.apiServer}/readyz` },
    },
    'kube-controller-manager': {
      command: [
        paths['kube-controller-manager'],
        config('kube-controller-manager'),
        ...alone,
        '--use-service-account-credentials',
        `--service-account-private-key-file=${files.serviceAccountKey}`,
        `--root-ca-file=${files.ca}`,
        // The new node loses its taint a second after it is Ready; the default looks every five.
        '--node-monitor-period=1s',
      ],
      ready: { url: 'https://127.0.0.1:10257/healthz' },
    },
    'kube-scheduler': {
      command: [paths['kube-scheduler'], config('kube-scheduler'), ...alone],
      ready: { url: 'https://127.0.0.1:10259/healthz' },
    },
    'kube-proxy': {
      command: [paths['kube-proxy'], `--config=${files.proxyConfig}`],
      // Its /healthz waits for the node, which the kubelet has yet to register.
      ready: { url: 'http://127.0.0.1:10256/livez' },
    },
    coredns: {
      command: [paths.coredns, '-conf', files.dnsConfig],
      ready: { url: 'http://127.0.0.1:8181/ready' },
    },
    kubelet: {
      command: [
        paths.kubelet,
        `--config=${files.kubeletConfig}`,
        config('kubelet'),
        `--hostname-override=${nodeName}`,
        `--node-ip=${addresses.node}`,
      ],
      ready: { url: 'http://127.0.0.1:10248/healthz' },
    },
  }
}

function apiServerFlags(files: Layout): string[] {
  return [
    '--etcd-servers=http://127.0.0.1:2379',
    // Pods reach it through the Service `kubernetes`, whose endpoint cannot be a loopback address.
    `--bind-address=${addresses.node}`,
    `--advertise-address=${addresses.node}`,
    '--secure-port=6443',
    `--service-cluster-ip-range=${addresses.services}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    `--client-ca-file=${files.ca}`,
    `--token-auth-file=${files.tokens}`,
    `--tls-cert-file=${files.apiServer.certificate}`,
    `--tls-private-key-file=${files.apiServer.key}`,
    `--kubelet-certificate-authority=${files.ca}`,
    `--kubelet-client-certificate=${files.kubeletClient.certificate}`,
    `--kubelet-client-key=${files.kubeletClient.key}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${files.serviceAccountPublicKey}`,
    `--service-account-signing-key-file=${files.serviceAccountKey}`,
    '--profiling=false',
  ]
}
