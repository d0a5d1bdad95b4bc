import { addresses, cgroup } from './addresses.ts'
import { containerdSocket } from './containerd-config.ts'
import type { Layout } from './layout.ts'

/** The kubelet's configuration (kubelet.config.k8s.io/v1beta1, KubeletConfiguration). */
export function kubeletConfig(files: Layout) {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: files.ca },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: files.kubelet.certificate,
    tlsPrivateKeyFile: files.kubelet.key,
    address: addresses.node,
    healthzBindAddress: '127.0.0.1',
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    resolvConf: files.resolvConf,
    clusterDomain: 'cluster.local',
    clusterDNS: [addresses.node],
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    cgroupsPerQOS: true,
    enforceNodeAllocatable: [],
    // Kubernetes 1.36 refuses version 1 of control groups unless told otherwise.
    failCgroupV1: false,
    failSwapOn: false,
    // Without it the kubelet knows no file systems, and neither eviction nor /stats/summary works.
    localStorageCapacityIsolation: true,
    // containerd 1.6 cannot pin images: the pause image would go.
    imageGCHighThresholdPercent: 100,
    // A developer's machine may be nearly full; that is no reason to refuse pods.
    evictionHard: {
      'memory.available': '50Mi',
      'nodefs.available': '1%',
      'imagefs.available': '1%',
      'nodefs.inodesFree': '1%',
    },
    maxPods: 60,
    // A pod that is killed often comes back in seconds, not in minutes.
    featureGates: { KubeletCrashLoopBackOffMax: true },
    crashLoopBackOff: { maxContainerRestartPeriod: '2s' },
    syncFrequency: '10s',
    fileCheckFrequency: '0s',
    nodeStatusUpdateFrequency: '5s',
    shutdownGracePeriod: '0s',
  }
}

/**
 * Settings of the machine's kernel that a kubelet insists on, by file in /proc/sys (setupKernelTunables in
 * k8s.io/kubernetes/pkg/kubelet/cm). They are not the node's alone but the whole machine's; so the node is shown files
 * with these values instead, and the machine stays as it is.
 */
export const kernelSettings = {
  'vm/overcommit_memory': '1',
  'vm/panic_on_oom': '0',
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
  'kernel/keys/root_maxkeys': '1000000',
  'kernel/keys/root_maxbytes': '25000000',
} as const
