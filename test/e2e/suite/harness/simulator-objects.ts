import type { KubernetesObject } from '../../../chart/kubernetes-object.ts'
import type { TestCertificate } from '../../../fixtures/certificates.ts'

/** Name of the Service, of the pod behind it, and of what they mount. */
export const simulatorName = 'ssl-simulator'

export interface SimulatorSetup {
  readonly namespace: string
  /** The operator's own image: Node is all that the simulator needs. */
  readonly image: string
  /** The program: see `simulatorBundle`. */
  readonly program: string
  /** Its certificate and key, for `hostOf`. */
  readonly certificate: TestCertificate
  /** Flags of `test/simulator/main.ts`, besides addresses and TLS. */
  readonly flags: readonly string[]
}

/** The name under which pods reach the simulator of a namespace. */
export function hostOf(namespace: string): string {
  return `${simulatorName}.${namespace}.svc`
}

/** The simulator as a pod that PodSecurity `restricted` admits. It keeps what it knows in memory, so it is never restarted. */
export function simulatorObjects(setup: SimulatorSetup): KubernetesObject[] {
  const { namespace, program, certificate, flags, image } = setup
  const labels = { app: simulatorName }
  const metadata = { name: simulatorName, namespace, labels }
  const mount = (name: string, mountPath: string) => ({ name, mountPath, readOnly: true })
  const tls = ['--tls-cert', '/tls/tls.crt', '--tls-key', '/tls/tls.key']
  const addresses = ['--listen-address', '0.0.0.0', '--port', '443', '--control-port', '8080']
  const container = {
    name: 'simulator',
    image,
    command: ['/nodejs/bin/node', '/simulator/simulator.mjs'],
    args: [...addresses, ...tls, ...flags],
    ports: [{ containerPort: 443 }, { containerPort: 8080 }],
    readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [mount('program', '/simulator'), mount('tls', '/tls')],
  }
  return [
    // Its own: the namespace's default one is not there at once.
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'simulator.mjs': program } },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      // Not kubernetes.io/tls: it is nothing that the operator should look at.
      type: 'Opaque',
      stringData: { 'tls.crt': certificate.certificatePem, 'tls.key': certificate.keyPem },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: {
        restartPolicy: 'Never',
        serviceAccountName: simulatorName,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: 1,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 65532,
          seccompProfile: { type: 'RuntimeDefault' },
          // Port 443 itself: NetworkPolicies see the pod's port, not the Service's.
          sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
        },
        containers: [container],
        volumes: [
          { name: 'program', configMap: { name: simulatorName } },
          { name: 'tls', secret: { secretName: simulatorName } },
        ],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        selector: labels,
        ports: [
          { name: 'https', port: 443 },
          { name: 'control', port: 8080 },
        ],
      },
    },
  ]
}
