import { callsMutants } from './lists/calls-mutants.ts'
import { certificateMutants } from './lists/certificate-mutants.ts'
import { contractMutants } from './lists/contract-mutants.ts'
import { engineMutants } from './lists/engine-mutants.ts'
import { inventoryMutants } from './lists/inventory-mutants.ts'
import { kubernetesMutants } from './lists/kubernetes-mutants.ts'
import { ledgerMutants } from './lists/ledger-mutants.ts'
import { processMutants } from './lists/process-mutants.ts'
import { tencentMutants } from './lists/tencent-mutants.ts'
import { uploadMutants } from './lists/upload-mutants.ts'
import type { Mutant } from './mutant.ts'

/** The operator's promises, each broken in turn. */
export const mutants: readonly Mutant[] = [
  ...uploadMutants,
  ...ledgerMutants,
  ...inventoryMutants,
  ...engineMutants,
  ...callsMutants,
  ...tencentMutants,
  ...kubernetesMutants,
  ...processMutants,
  ...certificateMutants,
  ...contractMutants,
]
