import type { Layout } from './layout.ts'

/** In the node's own /run: another containerd of the machine has the same path and is another one. */
export const containerdSocket = '/run/containerd/containerd.sock'

/** containerd's configuration: format version 2, which 1.4 to 2.x read. */
export function containerdConfig(
  files: Layout,
  found: { networkPlugins: string; pauseImage: string },
): string {
  return `version = 2
root = "${files.containerdData}"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]

[grpc]
  address = "${containerdSocket}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${found.pauseImage}"
  # A root without CAP_SYS_RESOURCE may not lower its OOM score; this asks for what is allowed.
  restrict_oom_score_adj = true

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${found.networkPlugins}"
    conf_dir = "${files.networkConfigFolder}"
`
}
