/** Builds every Go program that the tests need, so that none of them has to wait for it. Usage: npm run programs. */
import { findBinaries } from '../control-plane/binaries.ts'
import { certManagerProgram } from '../e2e/cert-manager/program.ts'
import { chartTools } from './chart-tools.ts'
import { coreDns } from './coredns.ts'
import type { GoProgramSet } from './go-program-set.ts'
import { goPrograms } from './go-programs.ts'
import { kubeScoreProgram } from './kube-score.ts'
import { kubectlProgram, nodePrograms } from './kubernetes.ts'

const { etcd, apiServer } = await findBinaries()
for (const path of [etcd, apiServer]) console.log(path)
// The order in which they are waited for.
const sets: GoProgramSet[] = [
  chartTools,
  kubectlProgram,
  kubeScoreProgram,
  nodePrograms,
  certManagerProgram,
  coreDns,
]
for (const set of sets) for (const path of Object.values(await goPrograms(set))) console.log(path)
