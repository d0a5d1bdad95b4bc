import { randomUUID } from 'node:crypto'
import type { Admin } from '../control-plane/admin.ts'
import { createAuthority, createLeaf } from '../fixtures/certificates.ts'
import { dataOf } from '../harness/world.ts'
import type { BenchContext } from './bench-world.ts'
import { EtcdClient, putsAtATime } from './etcd-client.ts'
import { inParallel } from './in-parallel.ts'

/** The field manager under which cert-manager writes Secrets. */
const certManager = 'cert-manager-certificates-issuing'

/**
 * Creates TLS Secrets that nobody opted in, in a namespace of their own: the first through the API server, as cert-manager
 * does, and copies of it in etcd, which take a hundredth of the time. Names and uids differ. What the operator
 * is shown of them is the same as of `writeNeighbours`; there is no certificate in them.
 */
export async function createNeighbours({ cluster, progress }: BenchContext, count: number): Promise<void> {
  const namespace = await cluster.admin.newNamespace('neighbours')
  const first = nameOf(0)
  const data = { 'tls.crt': '', 'tls.key': '' }
  const content = { labels, annotations: annotationsOf(first), data }
  const {
    metadata: { uid = '' },
  } = await cluster.admin.applySecret(namespace, first, content, {
    fieldManager: certManager,
  })
  const etcd = new EtcdClient(cluster.connection.etcdUrl)
  const keyOf = (name: string) => `/registry/secrets/${namespace}/${name}`
  const stored = await etcd.get(keyOf(first))
  progress.step('writing other Secrets', 'Secrets', count, 1)
  for (let index = 1; index < count; index += putsAtATime) {
    const names = Array.from({ length: Math.min(putsAtATime, count - index) }, (_, at) => nameOf(index + at))
    await etcd.put(
      names.map((name) => {
        const copy = stored.replaceAll(first, name).replaceAll(uid, randomUUID())
        return [keyOf(name), copy]
      }),
    )
    progress.update(index + names.length)
  }
  progress.stop()
}

/** As long as all others: lengths are stored too. */
function nameOf(index: number): string {
  return `neighbour-${String(index).padStart(6, '0')}`
}

/**
 * Writes TLS Secrets that nobody opted in, with the labels, annotations and (by server-side apply) managedFields that
 * cert-manager gives them. All hold the same certificate: the operator never reads it.
 * @param written told how many are there
 */
export async function writeNeighbours(
  admin: Admin,
  namespace: string,
  count: number,
  written: (done: number) => void = () => {},
): Promise<void> {
  const issuer = await createAuthority({ name: 'Neighbour issuer', keyType: 'rsa' })
  const leaf = await createLeaf({ issuer, commonName: 'neighbour.example.com', keyType: 'rsa' })
  const data = dataOf({ chain: [leaf, issuer], ca: [issuer] })
  let done = 0
  await inParallel(count, 24, async (index) => {
    const name = `neighbour-${index}`
    const content = { labels, annotations: annotationsOf(name), data }
    await admin.applySecret(namespace, name, content, { fieldManager: certManager })
    written(++done)
  })
}

const labels = { 'controller.cert-manager.io/fao': 'true' }

function annotationsOf(name: string): Record<string, string> {
  return {
    'cert-manager.io/alt-names': `${name}.example.com`,
    'cert-manager.io/certificate-name': name,
    'cert-manager.io/common-name': `${name}.example.com`,
    'cert-manager.io/ip-sans': '',
    'cert-manager.io/issuer-group': 'cert-manager.io',
    'cert-manager.io/issuer-kind': 'ClusterIssuer',
    'cert-manager.io/issuer-name': 'letsencrypt-production',
    'cert-manager.io/uri-sans': '',
  }
}
