import { findBinaries } from '../../../control-plane/binaries.ts'
import { coreDns } from '../../../programs/coredns.ts'
import { goPrograms } from '../../../programs/go-programs.ts'
import { nodePrograms } from '../../../programs/kubernetes.ts'
import type { BuiltProgram } from './node-programs.ts'

/** Paths of the programs of the node; those that are not in the cache are built first, which takes minutes, once. */
export async function prepareNodePrograms(): Promise<Record<BuiltProgram, string>> {
  const { etcd, apiServer } = await findBinaries()
  const node = await goPrograms(nodePrograms)
  const { coredns } = await goPrograms(coreDns)
  return { ...node, etcd, 'kube-apiserver': apiServer, coredns }
}
