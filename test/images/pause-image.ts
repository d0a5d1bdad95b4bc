import { fileURLToPath } from 'node:url'
import type { GoProgramSet } from '../programs/go-program-set.ts'
import { goPrograms } from '../programs/go-programs.ts'
import type { ArchivedImage } from './archived-image.ts'
import type { ContainerEngine } from './container-engine.ts'
import { programsImage } from './programs-image.ts'

const pauseProgram = {
  name: 'pause',
  title: 'The pause program',
  module: fileURLToPath(new URL('pause', import.meta.url)),
  programs: { pause: 'pause' },
} as const satisfies GoProgramSet

/** What the first container of every pod runs: containerd's `sandbox_image`. See `archivedImage`. */
export async function pauseImage(engine?: ContainerEngine): Promise<ArchivedImage> {
  const { pause } = await goPrograms(pauseProgram)
  return programsImage({ name: 'pause', programs: { '/pause': pause }, entrypoint: ['/pause'] }, engine)
}
