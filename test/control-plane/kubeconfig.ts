import { writeFileSync } from 'node:fs'

/** Who the kubeconfig speaks as: a token in it, or a file that is read again when it changes. */
export type KubeconfigUser = { token: string } | { tokenFile: string }

/** Writes a kubeconfig with one cluster, one user and one context to `file` (mode 0600). */
export function writeKubeconfig(file: string, url: string, caPem: string, user: KubeconfigUser): void {
  const name = 'test'
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: { server: url, 'certificate-authority-data': Buffer.from(caPem).toString('base64') },
      },
    ],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  }
  // JSON is YAML.
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 })
}
