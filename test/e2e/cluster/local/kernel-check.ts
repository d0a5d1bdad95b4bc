import { runProgram } from '../../../programs/run-program.ts'

interface Feature {
  /** What the node does, in small: a line of sh. */
  readonly probe: string
  /** What it means when that fails, and the way out. */
  readonly words: string
}

const onTheHost = 'in a container, on its host'

/** What the node asks of the kernel. */
const features: readonly Feature[] = [
  {
    probe: `
      mount -t tmpfs tmpfs /run && mkdir /run/lower /run/upper /run/work /run/both &&
      mount -t overlay -o lowerdir=/run/lower,upperdir=/run/upper,workdir=/run/work overlay /run/both`,
    words: `no overlay file system can be mounted: "modprobe overlay" (${onTheHost})`,
  },
  {
    probe: 'ip link add probe0 type veth peer name probe1',
    words: `no veth interfaces can be made: "modprobe veth" (${onTheHost})`,
  },
  {
    probe: 'ip link add probe2 type bridge',
    words: `no bridge can be made: "modprobe bridge" (${onTheHost})`,
  },
  {
    // Of this namespace alone, and only once the file is there: older kernels have one for the whole machine.
    probe: 'cd /proc/sys/net/bridge && echo 1 > bridge-nf-call-iptables',
    words: `a bridge cannot hand packets to iptables (net.bridge.bridge-nf-call-iptables): "modprobe br_netfilter" (${onTheHost}), with Linux 5.3 or newer`,
  },
  {
    probe: 'cd /proc/sys/net/ipv4 && echo 1 > ip_forward',
    words: 'the setting net.ipv4.ip_forward cannot be written: give the container more rights (--privileged)',
  },
  {
    probe: 'iptables -t nat -S',
    words: `iptables has no table nat: "modprobe iptable_nat" or "modprobe nft_chain_nat" (${onTheHost}), or choose the other kind with "update-alternatives --config iptables"`,
  },
]

/** As the node is made, so that what goes well here goes well there. */
const isolated = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'] as const

/** Tries each; one line of what a program said, after the number of the feature, for each that fails. */
function script(probes: readonly string[]): string {
  return probes.map((probe, index) => `said=$( (${probe}) 2>&1 >/dev/null) || echo ${index} $said`).join('\n')
}

/**
 * What the kernel cannot do, or does not let us do: a sentence each, with its way out. All of it is tried in namespaces
 * that are thrown away.
 */
export async function whatTheKernelLacks(
  probes: readonly Feature[] = features,
  run = runProgram,
): Promise<string[]> {
  let output: string
  try {
    output = await run(['unshare', ...isolated, 'sh', '-c', `${script(probes.map(({ probe }) => probe))}\n:`])
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return [`no namespaces can be made; in a container, give it more rights (--privileged). ${why}`]
  }
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, index = '', said = ''] = /^(\d+) ?(.*)$/.exec(line) ?? []
      const { words = line } = probes[Number(index)] ?? {}
      return said === '' ? words : `${words}. It said: ${said}`
    })
}
