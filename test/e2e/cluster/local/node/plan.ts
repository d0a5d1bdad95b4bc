import type { BuiltProgram } from '../node-programs.ts'

/** What the node's first program is told, as JSON in a file. */
export interface NodePlan {
  readonly folder: string
  readonly programs: Readonly<Record<BuiltProgram, string>>
  /** `docker save` archives that containerd is to have before the kubelet starts. */
  readonly archives: readonly string[]
}
