import { fileURLToPath } from 'node:url'
import type { GoProgramSet } from './go-program-set.ts'

/** What judges objects by what a careful operator of a cluster expects of them: https://github.com/zegl/kube-score. */
export const kubeScoreProgram = {
  name: 'kube-score',
  title: 'kube-score',
  module: fileURLToPath(new URL('../chart/kube-score', import.meta.url)),
  programs: { 'kube-score': 'github.com/zegl/kube-score/cmd/kube-score' },
} as const satisfies GoProgramSet
