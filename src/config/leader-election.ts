import { readFileSync } from 'node:fs'
import { formatDuration } from './duration.ts'
import type { OptionReader } from './option-reader.ts'
import { options } from './options.ts'

/** How several processes agree on one that works. */
export interface LeaderElection {
  readonly leaseName: string
  readonly leaseNamespace: string
  readonly leaseDurationMs: number
  /** Less than the lease's duration. */
  readonly renewDeadlineMs: number
  /** At most a third of the deadline: room for one renewal that is not answered, and another try. */
  readonly retryPeriodMs: number
}

/** What the options say of the election (undefined: there is none), or what is wrong. */
export type ElectionSettings =
  | { readonly election: LeaderElection | undefined }
  | { readonly problems: readonly string[] }

/** Reads the options of the election and compares them. Problems of a single option are reported elsewhere. */
export function readLeaderElection(
  reader: OptionReader,
  podNamespace: () => string | undefined,
): ElectionSettings {
  const { leaderElect, leaseName, leaseNamespace, leaseDuration, renewDeadline, retryPeriod, dryRun } =
    options
  if (reader.problem(leaderElect) || !reader.value(leaderElect)) return { election: undefined }

  const problems: string[] = []
  for (const [less, expected, more, fits] of [
    [renewDeadline, 'less than', leaseDuration, (lesser: number, greater: number) => lesser < greater],
    [
      retryPeriod,
      'at most a third of',
      renewDeadline,
      (lesser: number, greater: number) => 3 * lesser <= greater,
    ],
  ] as const) {
    if (reader.problem(less) || reader.problem(more)) continue
    const [lesser, greater] = [reader.value(less), reader.value(more)]
    if (fits(lesser, greater)) continue
    problems.push(
      `--${less.flag}: got ${formatDuration(lesser)}, expected ${expected} --${more.flag} (${formatDuration(greater)}); for example: --${less.flag} ${less.example} --${more.flag} ${more.example}`,
    )
  }
  const namespace = reader.isGiven(leaseNamespace) ? leaseNamespace : undefined
  const pod = namespace ? undefined : podNamespace()
  if (!namespace && !pod) {
    problems.push(
      `--${leaseNamespace.flag}: required with --${leaderElect.flag} outside of a pod; for example: --${leaseNamespace.flag} ${leaseNamespace.example}`,
    )
  }
  const single = [leaseName, leaseNamespace, leaseDuration, renewDeadline, retryPeriod]
  if (problems.length > 0 || single.some((option) => reader.problem(option))) return { problems }
  // Whoever changes nothing needs no lease, and must not keep it from those who do.
  if (!reader.problem(dryRun) && reader.value(dryRun)) return { election: undefined }
  return {
    election: {
      leaseName: reader.value(leaseName),
      leaseNamespace: pod ?? reader.value(leaseNamespace),
      leaseDurationMs: reader.value(leaseDuration),
      renewDeadlineMs: reader.value(renewDeadline),
      retryPeriodMs: reader.value(retryPeriod),
    },
  }
}

/** The namespace of the pod that this process runs in; undefined outside of a pod. */
export function podNamespace(
  file = '/var/run/secrets/kubernetes.io/serviceaccount/namespace',
): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}
