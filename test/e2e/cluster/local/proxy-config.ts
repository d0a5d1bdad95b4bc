import { addresses, nodeName } from './addresses.ts'
import type { Layout } from './layout.ts'

/** kube-proxy's configuration (kubeproxy.config.k8s.io/v1alpha1, KubeProxyConfiguration). */
export function proxyConfig(files: Layout) {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: files.kubeconfig('kube-proxy') },
    mode: 'iptables',
    clusterCIDR: addresses.pods,
    hostnameOverride: nodeName,
    bindAddress: addresses.node,
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    iptables: { minSyncPeriod: '100ms', syncPeriod: '30s', localhostNodePorts: false },
    // Zero leaves the kernel's own limits, which are the whole machine's, as they are.
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  }
}
