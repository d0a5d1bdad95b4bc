import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { writeKubeconfig } from '../../../control-plane/kubeconfig.ts'
import { addresses, nodeName } from './addresses.ts'
import { type ClusterUser, clusterUsers, type Layout } from './layout.ts'
import { Authority, type Identity, signingKeys } from './pki.ts'

/** What it takes to be the administrator of a cluster. */
export interface AdminAccess {
  caPem: string
  token: string
}

/** Makes the keys, certificates, tokens and kubeconfigs of a new cluster and writes them where `files` says. */
export async function writeAccessFiles(files: Layout): Promise<AdminAccess> {
  const authority = await Authority.create()
  const service = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc']
  const [apiServer, kubeletClient, kubelet, accounts] = await Promise.all([
    authority.issue({
      subject: 'CN=kube-apiserver',
      usage: 'server',
      dnsNames: [...service, 'kubernetes.default.svc.cluster.local', 'localhost'],
      ipAddresses: ['127.0.0.1', addresses.node, addresses.apiService],
    }),
    authority.issue({ subject: 'O=system:masters, CN=kube-apiserver-kubelet-client', usage: 'client' }),
    authority.issue({
      subject: `CN=${nodeName}`,
      usage: 'server',
      dnsNames: [nodeName],
      ipAddresses: [addresses.node, '127.0.0.1'],
    }),
    signingKeys(),
  ])
  const caPem = authority.certificatePem
  write(files.ca, caPem)
  writeIdentity(files.apiServer, apiServer)
  writeIdentity(files.kubeletClient, kubeletClient)
  writeIdentity(files.kubelet, kubelet)
  write(files.serviceAccountKey, accounts.key)
  write(files.serviceAccountPublicKey, accounts.publicKey)
  return { caPem, token: writeUsers(files, caPem) }
}

/** A token and a kubeconfig for everybody; returns the administrator's token. */
function writeUsers(files: Layout, caPem: string): string {
  const names = Object.keys(clusterUsers) as ClusterUser[]
  const users = names.map((name) => ({ name, token: randomBytes(24).toString('base64url') }))
  const lines = users.map(({ name, token }) => {
    const { user, group } = clusterUsers[name]
    return `${[token, user, name, group].filter((column) => column !== '').join(',')}\n`
  })
  write(files.tokens, lines.join(''))
  for (const { name, token } of users) {
    writeKubeconfig(files.kubeconfig(name), addresses.apiServer, caPem, { token })
  }
  return users.find(({ name }) => name === 'admin')?.token ?? ''
}

function writeIdentity(at: { certificate: string; key: string }, identity: Identity): void {
  write(at.certificate, identity.certificate)
  write(at.key, identity.key)
}

function write(path: string, content: string): void {
  writeFileSync(path, content, { mode: 0o600 })
}
