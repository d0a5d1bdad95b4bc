import { parseArgs } from 'node:util'

export const help = `The promises of tencent-cert-sync, on a real cluster: the chart installed with Helm, real pods, real cert-manager
controllers, and a simulated cloud.

  npm run e2e -- [options]

  --only PATTERN     the files whose name contains PATTERN: issue, gitops, ha, ...
  --promise TEXT     the promises whose words contain TEXT (a regular expression)
  --keep             leave the cluster with all that was installed, to look around; cert-manager ends
  --help             this text

Where, by the variable E2E_CLUSTER:
  local              (the default) a single-node cluster on this machine: Linux, as root. It is built from Go modules
                     and Debian's packages, needs no registry, and is gone afterwards. The one that
                     "npm run cluster -- up" keeps is used where it runs.
  kind               a new kind cluster: Docker, kind, and a registry for its images.
  existing           whatever E2E_KUBECONFIG (or KUBECONFIG) names, with the image E2E_IMAGE. Everything that the suite
                     makes is in namespaces "e2e-..." and goes with them; cert-manager is started unless it runs there.

One suite at a time on a cluster: it begins by removing what an earlier one left behind.
Exit codes: 0 every promise is kept, 1 one is not or the suite cannot go on, 2 usage, 3 no cluster can be had here.
`

export interface Arguments {
  readonly help: boolean
  readonly keep: boolean
  readonly only?: string
  readonly promise?: string
}

/** @throws Error that names what is wrong */
export function readArguments(args: readonly string[]): Arguments {
  const {
    help = false,
    keep = false,
    only,
    promise,
  } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      promise: { type: 'string' },
      keep: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  }).values
  return { help, keep, ...(only !== undefined && { only }), ...(promise !== undefined && { promise }) }
}
