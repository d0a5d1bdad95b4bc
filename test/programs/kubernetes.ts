import { kubernetesVersion, moduleFolder } from '../control-plane/version.ts'
import type { GoProgramSet } from './go-program-set.ts'

const version = kubernetesVersion()
const [major, minor] = version.split('.')
const stamp = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' }

/** The version stamp: without it a program calls itself v0.0.0-master, and clients and charts judge by that. */
const linkerFlags = Object.entries(stamp).map(
  ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
)

/** What a control plane for tests is made of. */
export const controlPlanePrograms = {
  name: `control-plane-${version}`,
  title: `etcd and kube-apiserver ${version}`,
  module: moduleFolder,
  programs: { etcd: 'go.etcd.io/etcd/server/v3', 'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver' },
  linkerFlags,
} as const satisfies GoProgramSet

/** What a whole node needs besides, and kubectl. */
export const nodePrograms = {
  name: `node-${version}`,
  title: `kubelet, kube-controller-manager, kube-scheduler, kube-proxy and kubectl ${version}`,
  module: moduleFolder,
  programs: {
    'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
    'kube-proxy': 'k8s.io/kubernetes/cmd/kube-proxy',
    'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
    kubectl: 'k8s.io/kubernetes/cmd/kubectl',
    kubelet: 'k8s.io/kubernetes/cmd/kubelet',
  },
  linkerFlags,
} as const satisfies GoProgramSet

/** kubectl alone, for tests that need no node: its build is a small part of that one, and shares it. */
export const kubectlProgram = {
  name: `kubectl-${version}`,
  title: `kubectl ${version}`,
  module: moduleFolder,
  programs: { kubectl: 'k8s.io/kubernetes/cmd/kubectl' },
  linkerFlags,
} as const satisfies GoProgramSet
