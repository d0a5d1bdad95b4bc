import { kubernetesVersion, moduleFolder, moduleFolderOf } from '../control-plane/version.ts'
import type { GoProgramSet } from './go-program-set.ts'

const version = kubernetesVersion()
const linkerFlags = versionStamp(version)
const etcd = 'go.etcd.io/etcd/server/v3'
const apiServer = 'k8s.io/kubernetes/cmd/kube-apiserver'

/** The version stamp: without it a program calls itself v0.0.0-master, and clients and charts judge by that. */
function versionStamp(of: string, pkg = 'k8s.io/component-base/version'): string[] {
  const [major, minor] = of.split('.')
  const stamp = { gitVersion: `v${of}`, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' }
  return Object.entries(stamp).map(([name, value]) => `-X ${pkg}.${name}=${value}`)
}

/**
 * What a control plane of this version is made of. An older API server is built from its own modules and uses the etcd
 * of the newest version.
 */
export function controlPlanePrograms(wanted: string): readonly GoProgramSet[] {
  if (wanted === version) {
    return [
      {
        name: `control-plane-${version}`,
        title: `etcd and kube-apiserver ${version}`,
        module: moduleFolder,
        programs: { etcd, 'kube-apiserver': apiServer },
        linkerFlags,
      },
    ]
  }
  return [
    {
      name: `etcd-${version}`,
      title: `etcd of ${version}`,
      module: moduleFolder,
      programs: { etcd },
      linkerFlags,
    },
    {
      name: `kube-apiserver-${wanted}`,
      title: `kube-apiserver ${wanted}`,
      module: moduleFolderOf(wanted),
      programs: { 'kube-apiserver': apiServer },
      linkerFlags: [
        ...versionStamp(wanted),
        // What /version answers in older releases.
        ...versionStamp(wanted, 'k8s.io/client-go/pkg/version'),
        // Older golang.org/x modules link to names of the runtime that Go hides since 1.23.
        '-checklinkname=0',
      ],
    },
  ]
}

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
