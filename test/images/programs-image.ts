import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { type ArchivedImage, archivedImage } from './archived-image.ts'
import type { ContainerEngine } from './container-engine.ts'
import { RootFileSystem } from './root-file-system.ts'

export interface ProgramsImage {
  readonly name: string
  /** Files of this machine by their path in the image. Programs have to be static: there is nothing else in it. */
  readonly programs: Readonly<Record<string, string>>
  readonly entrypoint: readonly string[]
  /** Default `65532:65532`. */
  readonly user?: string
}

/** An image of static programs and nothing else, tagged with a hash of them. See `archivedImage`. */
export async function programsImage(image: ProgramsImage, engine?: ContainerEngine): Promise<ArchivedImage> {
  const { name, programs, entrypoint, user = '65532:65532' } = image
  const hash = createHash('sha256').update(JSON.stringify([entrypoint, user]))
  for (const [path, program] of Object.entries(programs)) {
    hash.update(path)
    await pipeline(createReadStream(program), hash, { end: false })
  }
  const tag = hash.digest('hex').slice(0, 12)
  const make = async (target: ContainerEngine, reference: string) => {
    using root = new RootFileSystem()
    for (const [path, program] of Object.entries(programs)) root.copy(program, path)
    root.folder('/tmp', 0o1777)
    await root.import(target, reference, [`USER ${user}`, `ENTRYPOINT ${JSON.stringify(entrypoint)}`])
  }
  return archivedImage({ name, tag, make }, engine)
}
