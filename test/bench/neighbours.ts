import type { Admin } from '../control-plane/admin.ts'
import { createAuthority, createLeaf } from '../fixtures/certificates.ts'
import { dataOf } from '../harness/world.ts'
import type { BenchContext } from './bench-world.ts'
import { inParallel } from './in-parallel.ts'

/** The field manager under which cert-manager writes Secrets. */
const certManager = 'cert-manager-certificates-issuing'

/** Creates TLS Secrets that nobody opted in, in a namespace of their own. */
export async function createNeighbours({ cluster, progress }: BenchContext, count: number): Promise<void> {
  const namespace = await cluster.admin.newNamespace('neighbours')
  progress.step('writing other Secrets', 'Secrets', count)
  await writeNeighbours(cluster.admin, namespace, count, (done) => progress.update(done))
  progress.stop()
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
