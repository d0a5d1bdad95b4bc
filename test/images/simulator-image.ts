import { createHash } from 'node:crypto'
import { simulatorBundle } from '../simulator/bundle.ts'
import { type ArchivedImage, archivedImage } from './archived-image.ts'
import type { ContainerEngine } from './container-engine.ts'
import { addNode, nodeRuntimeChanges } from './node-runtime-image.ts'
import { RootFileSystem } from './root-file-system.ts'

/** The simulated cloud as an image; arguments are those of `npm run simulator`. See `archivedImage`. */
export async function simulatorImage(engine?: ContainerEngine): Promise<ArchivedImage> {
  const bundle = await simulatorBundle()
  const tag = createHash('sha256').update(process.version).update(bundle).digest('hex').slice(0, 12)
  const make = async (target: ContainerEngine, reference: string) => {
    using root = new RootFileSystem()
    await addNode(root)
    root.text('/app/simulator.js', bundle)
    const entrypoint = 'ENTRYPOINT ["/nodejs/bin/node", "/app/simulator.js"]'
    await root.import(target, reference, [...nodeRuntimeChanges.slice(0, -1), entrypoint])
  }
  return archivedImage({ name: 'simulator', tag, make }, engine)
}
