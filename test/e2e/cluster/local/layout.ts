import { join } from 'node:path'

/** Where the one local cluster of this machine lives. Short: a Unix socket's path has at most 107 bytes. */
export const clusterFolder = '/var/lib/tencent-cert-sync-e2e'

/** The files of a local cluster, by what they are. */
export function layout(folder = clusterFolder) {
  const at = (name: string) => join(folder, name)
  return {
    /** Who holds the cluster: see ClusterRecord. */
    record: at('cluster.json'),
    /** What the node is to start: see NodePlan. */
    plan: at('plan.json'),
    /** Unix socket on which the node takes orders. */
    socket: at('node.sock'),
    logs: at('log'),
    etcdData: at('etcd'),
    /** Images and containers. */
    containerdData: at('containerd'),
    /** What the node sees as /var/lib/kubelet and the like. */
    standardFolders: at('folders'),
    /** Kernel settings as the kubelet wants to see them: see kernelSettings. */
    kernelSettings: at('kernel'),
    ca: at('ca.crt'),
    apiServer: { certificate: at('apiserver.crt'), key: at('apiserver.key') },
    /** As which the API server calls the kubelet. */
    kubeletClient: { certificate: at('kubelet-client.crt'), key: at('kubelet-client.key') },
    kubelet: { certificate: at('kubelet.crt'), key: at('kubelet.key') },
    serviceAccountKey: at('service-account.key'),
    serviceAccountPublicKey: at('service-account.pub'),
    tokens: at('tokens.csv'),
    kubeconfig: (user: ClusterUser) => at(`${user}.kubeconfig`),
    containerdConfig: at('containerd.toml'),
    networkConfigFolder: at('cni'),
    kubeletConfig: at('kubelet.json'),
    proxyConfig: at('kube-proxy.json'),
    dnsConfig: at('Corefile'),
    resolvConf: at('resolv.conf'),
  }
}

export type Layout = ReturnType<typeof layout>

/** Who speaks with the API server, each with a kubeconfig of its own. */
export type ClusterUser = keyof typeof clusterUsers

/** User and group, as Kubernetes' own roles name them, by what the kubeconfig is called. */
export const clusterUsers = {
  admin: { user: 'admin', group: 'system:masters' },
  kubelet: { user: 'system:node:e2e-node', group: 'system:nodes' },
  'kube-controller-manager': { user: 'system:kube-controller-manager', group: '' },
  'kube-scheduler': { user: 'system:kube-scheduler', group: '' },
  'kube-proxy': { user: 'system:kube-proxy', group: '' },
} as const
