import { type ClusterRecord, isHeld } from './cluster-record.ts'

/** The machine's one local cluster is in use by somebody else. */
export class ClusterHeldError extends Error {
  override readonly name = 'ClusterHeldError'

  constructor({ owner, kept, startedAt }: ClusterRecord) {
    super(
      kept
        ? `a local cluster has been running since ${startedAt}, kept by "npm run cluster -- up" (process ${owner.pid}); "npm run cluster -- down" ends it`
        : `process ${owner.pid} has been using the local cluster of this machine since ${startedAt}; there is one at a time`,
    )
  }
}

/** @throws ClusterHeldError */
export function checkNotHeld(record: ClusterRecord | undefined): void {
  if (record !== undefined && isHeld(record)) throw new ClusterHeldError(record)
}

/**
 * @param record what there is now
 * @param meant what there was when somebody asked to end it
 * @throws ClusterHeldError unless it is free, or the ready and kept cluster that was meant
 */
export function checkMayBeEnded(record: ClusterRecord | undefined, meant: ClusterRecord | undefined): void {
  const isMeant = record?.startedAt === meant?.startedAt && record?.owner.pid === meant?.owner.pid
  if (isMeant && record?.kept && record.cluster !== undefined) return
  checkNotHeld(record)
}
