import { duration } from './duration.ts'
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

/** Every option there is. --help, the README and the parser all come from this table. */
export const options = {
  clusterName: option({
    flag: 'cluster-name',
    group: 'Kubernetes',
    placeholder: 'NAME',
    required:
      'every certificate is tagged with the name of its cluster, so that two clusters in one account never take certificates of each other',
    example: 'production-1',
    help: 'The name of this cluster in the tags of its certificates. Unique within the account, and never changed.',
    parse: clusterName,
  }),
  kubeconfig: option({
    flag: 'kubeconfig',
    group: 'Kubernetes',
    placeholder: 'FILE',
    otherwise: 'the ServiceAccount of the pod',
    example: '/home/me/.kube/config',
    help: 'How to reach the API server.',
    parse: path,
  }),
  namespaces: option({
    flag: 'namespaces',
    group: 'Kubernetes',
    placeholder: 'A,B',
    otherwise: 'all',
    example: 'shop,blog',
    help: 'Watch these namespaces only; rights in each of them (a Role) are enough.',
    parse: namespaces,
  }),
  labelSelector: option({
    flag: 'label-selector',
    group: 'Kubernetes',
    placeholder: 'SELECTOR',
    otherwise: 'all',
    example: 'tier=front,env in (production,staging)',
    help: 'Watch only Secrets with these labels.',
    parse: labelSelector,
  }),
  resync: option({
    flag: 'resync',
    group: 'Kubernetes',
    placeholder: 'DURATION',
    default: '10h',
    example: '10h',
    help: 'How often every Secret is looked at without a change.',
    parse: duration('100ms', '168h'),
  }),
  account: option({
    flag: 'account',
    group: 'Tencent Cloud',
    placeholder: 'NAME',
    default: 'default',
    example: 'default',
    help: 'Your name for the account. Another name means another account: everything is uploaded there.',
    parse: accountName,
  }),
  endpoint: option({
    flag: 'tencent-endpoint',
    group: 'Tencent Cloud',
    placeholder: 'HOST',
    default: 'ssl.intl.tencentcloudapi.com',
    example: 'ssl.tencentcloudapi.com',
    help: 'Host or URL of the SSL service. A host with ".intl." is the international site, any other the Chinese one. Plain http for loopback addresses only.',
    parse: endpoint,
  }),
  credentialsDirectory: option({
    flag: 'credentials-directory',
    group: 'Tencent Cloud',
    placeholder: 'DIR',
    otherwise: 'the environment, see below',
    example: '/etc/tencent-cert-sync/credentials',
    help: 'Read the credentials from files here, again whenever they change.',
    parse: path,
  }),
  uploadSlots: option({
    flag: 'upload-slots',
    group: 'Pace',
    placeholder: '1..10',
    default: '10',
    example: '10',
    help: 'Uploads within a second. The service allows 10; less leaves room for other tools.',
    parse: wholeNumber(1, 10),
  }),
  uploadsPerHour: option({
    flag: 'upload-budget',
    group: 'Pace',
    placeholder: 'N/h',
    default: '5/h',
    example: '5/h',
    help: 'New certificates per Secret and hour: a Secret that two tools fight over does not fill the account.',
    parse: perHour,
  }),
  concurrency: option({
    flag: 'concurrency',
    group: 'Pace',
    placeholder: '1..64',
    default: '8',
    example: '8',
    help: 'Secrets that are worked on at the same time.',
    parse: wholeNumber(1, 64),
  }),
  leaderElect: option({
    flag: 'leader-elect',
    group: 'More than one replica',
    default: 'false',
    example: 'true',
    help: 'Work only while holding a Lease, so that of several replicas one works and the others stand by. Not in a dry run.',
    parse: yesOrNo,
  }),
  leaseName: option({
    flag: 'lease-name',
    group: 'More than one replica',
    placeholder: 'NAME',
    default: 'tencent-cert-sync',
    example: 'tencent-cert-sync',
    help: 'The Lease. Operators of different accounts or namespaces need one each.',
    parse: objectName,
  }),
  leaseNamespace: option({
    flag: 'lease-namespace',
    group: 'More than one replica',
    placeholder: 'NAMESPACE',
    otherwise: 'the namespace of the pod',
    example: 'tencent-cert-sync',
    help: 'Where the Lease is.',
    parse: namespace,
  }),
  leaseDuration: option({
    flag: 'lease-duration',
    group: 'More than one replica',
    placeholder: 'DURATION',
    default: '15s',
    example: '15s',
    help: 'How long a Lease that is not renewed keeps the others waiting.',
    parse: duration('1s', '1h'),
  }),
  renewDeadline: option({
    flag: 'renew-deadline',
    group: 'More than one replica',
    placeholder: 'DURATION',
    default: '10s',
    example: '10s',
    help: 'A leader that could not renew the Lease for so long ends. Less than --lease-duration.',
    parse: duration('500ms', '1h'),
  }),
  retryPeriod: option({
    flag: 'retry-period',
    group: 'More than one replica',
    placeholder: 'DURATION',
    default: '2s',
    example: '2s',
    help: 'How often the leader renews; the others look a little more often. At most a third of --renew-deadline.',
    parse: duration('100ms', '1m'),
  }),
  dryRun: option({
    flag: 'dry-run',
    group: 'Running',
    default: 'false',
    example: 'true',
    help: 'Log and count what would be done. Write nothing anywhere, send no key.',
    parse: yesOrNo,
  }),
  logLevel: option({
    flag: 'log-level',
    group: 'Running',
    placeholder: 'LEVEL',
    default: 'info',
    example: 'debug',
    help: 'trace, debug, info, warn or error. No level shows a key.',
    parse: oneOf(['trace', 'debug', 'info', 'warn', 'error']),
  }),
  logFormat: option({
    flag: 'log-format',
    group: 'Running',
    placeholder: 'FORMAT',
    default: 'json',
    example: 'pretty',
    help: 'json (a line each, for collectors) or pretty (for people).',
    parse: oneOf(['json', 'pretty']),
  }),
  healthAddress: option({
    flag: 'health-address',
    group: 'Running',
    placeholder: 'HOST:PORT',
    default: ':8081',
    example: '127.0.0.1:8081',
    help: 'Where /healthz and /readyz are served, or off.',
    parse: listenAddress,
  }),
  metricsAddress: option({
    flag: 'metrics-address',
    group: 'Running',
    placeholder: 'HOST:PORT',
    default: ':9402',
    example: '[::1]:9402',
    help: 'Where /metrics is served, or off. May be the same as --health-address.',
    parse: listenAddress,
  }),
  shutdownGrace: option({
    flag: 'shutdown-grace',
    group: 'Running',
    placeholder: 'DURATION',
    default: '30s',
    example: '30s',
    help: 'Time to end after SIGTERM. What is still being uploaded 5 s before that is aborted and done again after the restart.',
    parse: duration('1s', '1h'),
  }),
} as const

/** The option of every flag. */
export const optionOfFlag: ReadonlyMap<string, Option<unknown>> = new Map(
  Object.values<Option<unknown>>(options).map((one) => [one.flag, one]),
)

/** One row of the table of options, as the README shows it. */
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
