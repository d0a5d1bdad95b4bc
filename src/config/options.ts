import { duration, durationOrOff } from './duration.ts'
import { endpoint } from './endpoint.ts'
import { labelSelector } from './label-selector.ts'
import { listenAddress } from './listen-address.ts'
import { environmentVariable, type Option } from './option.ts'
import {
  accountName,
  clusterName,
  namespace,
  namespaces,
  objectName,
  oneOf,
  path,
  perHour,
  wholeNumber,
  yesOrNo,
} from './values.ts'

/** All options. --help, docs/reference.md and the parser are made from this table. */
export const options = {
  clusterName: option({
    flag: 'cluster-name',
    group: 'Kubernetes',
    placeholder: 'NAME',
    required:
      'certificates are tagged with the name of their cluster, so that clusters that share an account do not adopt certificates of one another',
    example: 'production-1',
    help: 'Name of this cluster, used to tag its certificates. Must be unique within the account; do not change it later.',
    parse: clusterName,
  }),
  kubeconfig: option({
    flag: 'kubeconfig',
    group: 'Kubernetes',
    placeholder: 'FILE',
    otherwise: 'the ServiceAccount of the pod',
    example: '/home/me/.kube/config',
    help: 'Kubeconfig file for access to the API server.',
    parse: path,
  }),
  namespaces: option({
    flag: 'namespaces',
    group: 'Kubernetes',
    placeholder: 'A,B',
    otherwise: 'all',
    example: 'shop,blog',
    help: 'Watch only these namespaces. A Role in each of them is enough; no ClusterRole is needed.',
    parse: namespaces,
  }),
  labelSelector: option({
    flag: 'label-selector',
    group: 'Kubernetes',
    placeholder: 'SELECTOR',
    otherwise: 'all',
    example: 'tier=front,env in (production,staging)',
    help: 'Watch only Secrets whose labels match.',
    parse: labelSelector,
  }),
  resync: option({
    flag: 'resync',
    group: 'Kubernetes',
    placeholder: 'DURATION',
    default: '10h',
    example: '10h',
    help: 'How often every Secret is reconciled even if nothing changed.',
    parse: duration('100ms', '168h'),
  }),
  account: option({
    flag: 'account',
    group: 'Tencent Cloud',
    placeholder: 'NAME',
    default: 'default',
    example: 'default',
    help: 'A name of your choice for the Tencent Cloud account. Changing it means another account: every certificate is uploaded there again.',
    parse: accountName,
  }),
  endpoint: option({
    flag: 'tencent-endpoint',
    group: 'Tencent Cloud',
    placeholder: 'HOST',
    default: 'ssl.intl.tencentcloudapi.com',
    example: 'ssl.tencentcloudapi.com',
    help: 'Host or URL of the SSL service. A host with ".intl." is the international site; any other is the Chinese site. Plain http is allowed for loopback addresses only.',
    parse: endpoint,
  }),
  inventoryInterval: option({
    flag: 'inventory-interval',
    group: 'Tencent Cloud',
    placeholder: 'DURATION',
    default: '1h',
    example: '6h',
    help: 'How often the certificates of this cluster in the account are listed, to notice deleted ones; or off.',
    parse: durationOrOff('1m', '168h'),
  }),
  credentialsDirectory: option({
    flag: 'credentials-directory',
    group: 'Tencent Cloud',
    placeholder: 'DIR',
    otherwise: 'the environment',
    example: '/etc/tencent-cert-sync/credentials',
    help: 'Directory with the credentials, one file per variable (see Credentials). Files are read again when they change.',
    parse: path,
  }),
  uploadSlots: option({
    flag: 'upload-slots',
    group: 'Throughput',
    placeholder: '1..10',
    default: '10',
    example: '10',
    help: 'Uploads per second. The service allows 10 per account; use fewer to leave room for other tools.',
    parse: wholeNumber(1, 10),
  }),
  uploadsPerHour: option({
    flag: 'upload-budget',
    group: 'Throughput',
    placeholder: 'N/h',
    default: '5/h',
    example: '5/h',
    help: 'New certificates per Secret and hour. Keeps a Secret that two tools fight over from filling the account.',
    parse: perHour,
  }),
  concurrency: option({
    flag: 'concurrency',
    group: 'Throughput',
    placeholder: '1..64',
    default: '8',
    example: '8',
    help: 'How many Secrets are reconciled in parallel.',
    parse: wholeNumber(1, 64),
  }),
  leaderElect: option({
    flag: 'leader-elect',
    group: 'Leader election',
    default: 'false',
    example: 'true',
    help: 'Work only while holding a Lease: with several replicas one works and the others stand by. Ignored with --dry-run.',
    parse: yesOrNo,
  }),
  leaseName: option({
    flag: 'lease-name',
    group: 'Leader election',
    placeholder: 'NAME',
    default: 'tencent-cert-sync',
    example: 'tencent-cert-sync',
    help: 'Name of the Lease. Operators for different accounts or namespaces need different Leases.',
    parse: objectName,
  }),
  leaseNamespace: option({
    flag: 'lease-namespace',
    group: 'Leader election',
    placeholder: 'NAMESPACE',
    otherwise: 'the namespace of the pod',
    example: 'tencent-cert-sync',
    help: 'Namespace of the Lease.',
    parse: namespace,
  }),
  leaseDuration: option({
    flag: 'lease-duration',
    group: 'Leader election',
    placeholder: 'DURATION',
    default: '15s',
    example: '15s',
    help: 'How long the other replicas wait before they take over a Lease that is not renewed.',
    parse: duration('1s', '1h'),
  }),
  renewDeadline: option({
    flag: 'renew-deadline',
    group: 'Leader election',
    placeholder: 'DURATION',
    default: '10s',
    example: '10s',
    help: 'A leader that fails to renew the Lease for this long exits. Must be less than --lease-duration.',
    parse: duration('500ms', '1h'),
  }),
  retryPeriod: option({
    flag: 'retry-period',
    group: 'Leader election',
    placeholder: 'DURATION',
    default: '2s',
    example: '2s',
    help: 'How often the leader renews the Lease; the others try slightly more often. At most a third of --renew-deadline.',
    parse: duration('100ms', '1m'),
  }),
  dryRun: option({
    flag: 'dry-run',
    group: 'Running',
    default: 'false',
    example: 'true',
    help: 'Log and count what would be done, without writing anything or sending a private key.',
    parse: yesOrNo,
  }),
  logLevel: option({
    flag: 'log-level',
    group: 'Running',
    placeholder: 'LEVEL',
    default: 'info',
    example: 'debug',
    help: 'trace, debug, info, warn or error. Private keys are not logged at any level.',
    parse: oneOf(['trace', 'debug', 'info', 'warn', 'error']),
  }),
  logFormat: option({
    flag: 'log-format',
    group: 'Running',
    placeholder: 'FORMAT',
    default: 'json',
    example: 'pretty',
    help: 'json (one object per line, for log collectors) or pretty (for a terminal).',
    parse: oneOf(['json', 'pretty']),
  }),
  healthAddress: option({
    flag: 'health-address',
    group: 'Running',
    placeholder: 'HOST:PORT',
    default: ':8081',
    example: '127.0.0.1:8081',
    help: 'Address that serves /healthz and /readyz, or off.',
    parse: listenAddress,
  }),
  metricsAddress: option({
    flag: 'metrics-address',
    group: 'Running',
    placeholder: 'HOST:PORT',
    default: ':9402',
    example: '[::1]:9402',
    help: 'Address that serves /metrics, or off. May be the same as --health-address.',
    parse: listenAddress,
  }),
  shutdownGrace: option({
    flag: 'shutdown-grace',
    group: 'Running',
    placeholder: 'DURATION',
    default: '30s',
    example: '30s',
    help: 'Time to shut down after SIGTERM. Uploads that still run 5 s before its end are aborted and repeated after the restart.',
    parse: duration('1s', '1h'),
  }),
} as const

/** The option of every flag. */
export const optionOfFlag: ReadonlyMap<string, Option<unknown>> = new Map(
  Object.values<Option<unknown>>(options).map((one) => [one.flag, one]),
)

/** One row of the table of options, as docs/reference.md shows it. */
export interface OptionRow {
  /** `--upload-slots 1..10`, or `--dry-run`. */
  readonly flag: string
  readonly environment: string
  readonly group: string
  readonly required: boolean
  /** The value that holds when it is not given, or that behaviour in words; empty where it must be given. */
  readonly default: string
  readonly example: string
  readonly help: string
}

/** All options with a value of their own, in the order of --help. */
export function optionsTable(): OptionRow[] {
  return Object.values<Option<unknown>>(options).map((one) => ({
    flag: one.placeholder === undefined ? `--${one.flag}` : `--${one.flag} ${one.placeholder}`,
    environment: environmentVariable(one),
    group: one.group,
    required: one.required !== undefined,
    default: one.default ?? one.otherwise ?? '',
    example: one.example,
    help: one.help,
  }))
}

function option<T>(description: Option<T>): Option<T> {
  return description
}
