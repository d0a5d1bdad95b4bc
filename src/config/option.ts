import type { Parsed } from './parsed.ts'

/** Headings of --help, in its order. */
export const groups = ['Kubernetes', 'Tencent Cloud', 'Throughput', 'Leader election', 'Running'] as const

/** One option: a flag, the environment variable of the same name, and what is made of its text. */
export interface Option<T> {
  /** Without the dashes. */
  readonly flag: string
  readonly group: (typeof groups)[number]
  /** What stands for the value in --help. Absent: a switch, which means `true` when it has no value. */
  readonly placeholder?: string
  /** Read by `parse` like everything that users write. */
  readonly default?: string
  /** What holds without a default. */
  readonly otherwise?: string
  /** Why it must be given. */
  readonly required?: string
  readonly example: string
  readonly help: string
  readonly parse: (text: string) => Parsed<T>
}

/** Where options are read from when no flag is given. */
export const environmentPrefix = 'TENCENT_CERT_SYNC_'

/** The environment variable of an option: `TENCENT_CERT_SYNC_UPLOAD_SLOTS` of `upload-slots`. */
export function environmentVariable({ flag }: Pick<Option<unknown>, 'flag'>): string {
  return `${environmentPrefix}${flag.toUpperCase().replaceAll('-', '_')}`
}
