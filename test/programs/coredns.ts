import { fileURLToPath } from 'node:url'
import type { GoProgramSet } from './go-program-set.ts'

/** The cluster's name server. A module of its own: it needs another Kubernetes client than the cluster is built from. */
export const coreDns = {
  name: 'coredns',
  title: 'CoreDNS',
  module: fileURLToPath(new URL('coredns', import.meta.url)),
  programs: { coredns: 'github.com/coredns/coredns' },
} as const satisfies GoProgramSet
