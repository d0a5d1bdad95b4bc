import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { type ControlPlaneLayout, files } from './arguments.ts'
import { auditPolicy } from './audit.ts'
import { createCertificates } from './certificates.ts'
import type { ClusterConnection } from './cluster.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { freePorts } from './ports.ts'
import { createTemporaryFolder } from './temporary-folder.ts'

/** Where a control plane will run: ports that were free just now, and a folder with all files that it reads. */
export interface Site {
  readonly layout: ControlPlaneLayout
  /** How to reach it once it runs; the version is not known before. */
  readonly connection: ClusterConnection
}

/** Makes a folder with new certificates, keys and an administrator's token. Delete the folder when all is over. */
export async function prepareSite(): Promise<Site> {
  const folder = createTemporaryFolder()
  const [etcdPort = 0, peerPort = 0, apiPort = 0] = await freePorts(3)
  const adminToken = randomBytes(24).toString('base64url')
  const caPem = await writeFiles(folder, adminToken)
  const url = `https://127.0.0.1:${apiPort}`
  const { ca: caFile, adminKubeconfig, auditLog } = files(folder)
  const etcdUrl = `http://127.0.0.1:${etcdPort}`
  writeKubeconfig(adminKubeconfig, url, caPem, { token: adminToken })
  return {
    layout: { folder, etcdPort, peerPort, apiPort },
    connection: { url, version: '', caPem, caFile, adminToken, adminKubeconfig, auditLog, etcdUrl, folder },
  }
}

async function writeFiles(folder: string, adminToken: string): Promise<string> {
  const certificates = await createCertificates()
  const file = files(folder)
  const write = (path: string, content: string) => writeFileSync(path, content, { mode: 0o600 })
  write(file.ca, certificates.ca)
  write(file.serverCertificate, certificates.serverCertificate)
  write(file.serverKey, certificates.serverKey)
  write(file.serviceAccountKey, certificates.serviceAccountKey)
  write(file.serviceAccountPublicKey, certificates.serviceAccountPublicKey)
  write(file.auditPolicy, JSON.stringify(auditPolicy))
  write(file.tokens, `${adminToken},admin,1,"system:masters"\n`)
  return certificates.ca
}
