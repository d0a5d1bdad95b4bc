import { readCommandLine } from './config/command-line.ts'
import { ConfigurationError } from './config/configuration-error.ts'
import {
  type Credentials,
  type CredentialsSource,
  credentialNames,
  environmentCredentials,
} from './config/credentials.ts'
import type { Endpoint } from './config/endpoint.ts'
import { type Environment, misspeltVariables, readEnvironment } from './config/environment.ts'
import { helpText } from './config/help.ts'
import { type LeaderElection, podNamespace, readLeaderElection } from './config/leader-election.ts'
import type { ListenAddress } from './config/listen-address.ts'
import { OptionReader } from './config/option-reader.ts'
import { options } from './config/options.ts'
import { type ProxyServer, readProxy } from './config/proxy.ts'
import { quoteWithout } from './config/quote.ts'
import { version } from './config/version.ts'

export { ConfigurationError } from './config/configuration-error.ts'
export { type CredentialsSource, credentialNames } from './config/credentials.ts'
export type { Endpoint } from './config/endpoint.ts'
export type { LeaderElection } from './config/leader-election.ts'
export { formatAddress, type ListenAddress } from './config/listen-address.ts'
export { type OptionRow, optionsTable } from './config/options.ts'
export type { ProxyServer } from './config/proxy.ts'
export { version } from './config/version.ts'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error'
export type LogFormat = 'json' | 'pretty'

/** Everything that can be set, checked. Holds credentials: never logged. */
export interface Config {
  /** The value of the ownership tag. */
  readonly clusterName: string
  /** A path; undefined: the ServiceAccount of the pod. */
  readonly kubeconfig: string | undefined
  /** Empty: all. */
  readonly namespaces: readonly string[]
  readonly labelSelector: string | undefined
  readonly account: string
  readonly endpoint: Endpoint
  /** Undefined: the endpoint is reached directly. */
  readonly proxy: ProxyServer | undefined
  readonly credentials: CredentialsSource
  readonly dryRun: boolean
  /** 1 to 10. */
  readonly uploadSlots: number
  /** New chains for one Secret within an hour. */
  readonly uploadsPerHour: number
  readonly concurrency: number
  readonly resyncMs: number
  /** Undefined: no inventory is made. */
  readonly inventoryMs: number | undefined
  /** Undefined: this process works whatever others do. */
  readonly leaderElection: LeaderElection | undefined
  readonly shutdownGraceMs: number
  readonly logLevel: LogLevel
  readonly logFormat: LogFormat
  /** Undefined: not served. */
  readonly healthAddress: ListenAddress | undefined
  readonly metricsAddress: ListenAddress | undefined
}

/** What the command line asks for: to run, or to print a text and exit with 0. */
export type Invocation =
  | { readonly kind: 'run'; readonly config: Config }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version'; readonly text: string }

/**
 * Reads the arguments (without node and script) and the environment. A flag wins over its variable.
 * Throws a ConfigurationError that names every problem; its text is fit to print.
 *
 * @param inNamespace the namespace of the pod; undefined outside of one
 */
export function parseConfig(
  args: readonly string[],
  environment: Environment,
  inNamespace: () => string | undefined = podNamespace,
): Invocation {
  const quote = quoteWithout(Object.values(credentialNames).map((name) => environment[name]?.trim()))
  const commandLine = readCommandLine(args, quote)
  if (commandLine.help) return { kind: 'help', text: helpText() }
  if (commandLine.version) return { kind: 'version', text: `${version}\n` }

  const reader = new OptionReader(commandLine.texts, readEnvironment(environment), quote)
  const problems = [
    ...commandLine.problems,
    ...misspeltVariables(environment),
    ...Object.values(options).flatMap((option) => reader.problem(option) ?? []),
  ]
  const credentials = readCredentials(reader, environment)
  if ('problems' in credentials) problems.push(...credentials.problems)
  const leading = readLeaderElection(reader, inNamespace)
  if ('problems' in leading) problems.push(...leading.problems)
  const { endpoint } = options
  const proxy = readProxy(environment, reader.problem(endpoint) ? undefined : reader.value(endpoint))
  if ('problems' in proxy) problems.push(...proxy.problems)
  if ('problems' in credentials || 'problems' in leading || 'problems' in proxy || problems.length > 0) {
    throw new ConfigurationError(problems)
  }
  return {
    kind: 'run',
    config: {
      clusterName: reader.value(options.clusterName),
      kubeconfig: reader.optional(options.kubeconfig),
      namespaces: reader.optional(options.namespaces) ?? [],
      labelSelector: reader.optional(options.labelSelector),
      account: reader.value(options.account),
      endpoint: reader.value(endpoint),
      proxy: proxy.proxy,
      credentials: credentials.source,
      dryRun: reader.value(options.dryRun),
      uploadSlots: reader.value(options.uploadSlots),
      uploadsPerHour: reader.value(options.uploadsPerHour),
      concurrency: reader.value(options.concurrency),
      resyncMs: reader.value(options.resync),
      inventoryMs: reader.value(options.inventoryInterval),
      leaderElection: leading.election,
      shutdownGraceMs: reader.value(options.shutdownGrace),
      logLevel: reader.value(options.logLevel),
      logFormat: reader.value(options.logFormat),
      healthAddress: reader.value(options.healthAddress),
      metricsAddress: reader.value(options.metricsAddress),
    },
  }
}

/** The directory where one is given, else the environment. */
function readCredentials(reader: OptionReader, environment: Environment): Credentials {
  const { credentialsDirectory, dryRun } = options
  if (!reader.isGiven(credentialsDirectory)) {
    return environmentCredentials(environment, reader.problem(dryRun) === undefined && reader.value(dryRun))
  }
  return reader.problem(credentialsDirectory)
    ? { problems: [] }
    : { source: { kind: 'directory', path: reader.value(credentialsDirectory) } }
}
