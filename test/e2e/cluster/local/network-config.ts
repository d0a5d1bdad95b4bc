import { addresses } from './addresses.ts'

/** The pods' network for containerd (CNI configuration list): one bridge, no way out but the node's routes. */
export function networkConfig() {
  return {
    cniVersion: '1.0.0',
    name: 'e2e',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        ipMasq: false,
        // So that a pod reaches itself through its own Service.
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: addresses.pods }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  }
}
