import { addresses } from './addresses.ts'
import type { Layout } from './layout.ts'

/** CoreDNS' configuration: the names of the cluster and no others, since nothing leads outside. */
export function dnsConfig(files: Layout): string {
  return `.:53 {
    bind ${addresses.node}
    errors
    ready 127.0.0.1:8181
    kubernetes cluster.local in-addr.arpa {
        kubeconfig ${files.kubeconfig('admin')}
        pods insecure
    }
    cache 5
}
`
}
