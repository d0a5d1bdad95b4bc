import { findBinaries } from '../control-plane/binaries.ts'
import type { ArchivedImage } from './archived-image.ts'
import type { ContainerEngine } from './container-engine.ts'
import { programsImage } from './programs-image.ts'

/** etcd and kube-apiserver as one image, to be run as two containers: `/etcd ...`, `/kube-apiserver ...`. */
export async function controlPlaneImage(engine?: ContainerEngine): Promise<ArchivedImage> {
  const { etcd, apiServer } = await findBinaries()
  const programs = { '/etcd': etcd, '/kube-apiserver': apiServer }
  return programsImage({ name: 'control-plane', programs, entrypoint: [] }, engine)
}
