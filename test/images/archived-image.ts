import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { exclusively, statusFile } from '../programs/exclusively.ts'
import { cacheFolder } from '../programs/program-cache.ts'
import { type Progress, StderrProgress } from '../programs/progress.ts'
import { type ContainerEngine, containerEngine } from './container-engine.ts'

/** An image in a file, as `docker load` and containerd take it. */
export interface ArchivedImage {
  /** Its whole name: `docker.io/local/NAME:TAG`. */
  readonly reference: string
  /** What `docker save` wrote. */
  readonly archive: string
}

export interface ImageRecipe {
  readonly name: string
  /** Changes with everything that the image is made of. */
  readonly tag: string
  /** Makes `reference` on the engine. */
  make(engine: ContainerEngine, reference: string, progress: Progress): Promise<void>
}

/** Images of one name that are kept: two branches take turns. */
const kept = 3

/**
 * The archive of an image: from the cache, or made, once for a tag; two processes at once share the work.
 * @param engine to make it on. Without one, and if it has to be made, one is found or started for it
 * @throws NoContainerEngineError, or Error of `make`
 */
export async function archivedImage(recipe: ImageRecipe, engine?: ContainerEngine): Promise<ArchivedImage> {
  const room = cacheFolder(join('images', recipe.name))
  const image = {
    reference: `docker.io/local/${recipe.name}:${recipe.tag}`,
    archive: join(room, `${recipe.tag}.tar`),
  }
  mkdirSync(room, { recursive: true })
  const progress = new StderrProgress(statusFile(room))
  if (!used(image.archive)) {
    await exclusively(
      room,
      (text) => progress.say(text),
      async () => {
        // Someone else may have made it while we waited.
        if (used(image.archive)) return
        if (engine !== undefined) return make(recipe, image, engine, progress)
        await using started = await containerEngine()
        await make(recipe, image, started, progress)
      },
    )
  }
  return image
}

/** Puts an image onto an engine, if it is not there. */
export async function loadImage(
  engine: ContainerEngine,
  { reference, archive }: ArchivedImage,
): Promise<void> {
  const there = await engine.docker('image', 'inspect', '--format', '{{.Id}}', reference).catch(() => '')
  if (there === '') await engine.docker('load', '--quiet', '--input', archive)
}

async function make(recipe: ImageRecipe, image: ArchivedImage, engine: ContainerEngine, progress: Progress) {
  await recipe.make(engine, image.reference, progress)
  const unfinished = `${image.archive}.new`
  await engine.docker('save', '--output', unfinished, image.reference)
  renameSync(unfinished, image.archive)
  removeOld(cacheFolder(join('images', recipe.name)))
}

/** Whether it is there; the time of the last use is kept for `removeOld`. */
function used(archive: string): boolean {
  if (!existsSync(archive)) return false
  utimesSync(archive, new Date(), new Date())
  return true
}

function removeOld(room: string): void {
  const archives = readdirSync(room)
    .filter((name) => /\.tar(\.new)?$/.test(name))
    .map((name) => join(room, name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
  for (const archive of archives.slice(kept)) rmSync(archive)
}
