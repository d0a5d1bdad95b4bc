import type { TestProject } from 'vitest/node'
import { isAlive } from '../control-plane/is-alive.ts'
import { loadImage } from '../images/archived-image.ts'
import { type ContainerEngine, containerEngine, NoContainerEngineError } from '../images/container-engine.ts'
import { controlPlaneImage } from '../images/control-plane-image.ts'
import { operatorImage } from '../images/operator-image.ts'
import { simulatorImage } from '../images/simulator-image.ts'

/** A Docker with the images that the tests run, as plain data. */
export interface Containers {
  /** For DOCKER_HOST. */
  readonly host: string
  /** Whether that Docker is ours alone. */
  readonly own: boolean
  /** Names of images that are there. */
  readonly images: { readonly operator: string; readonly simulator: string; readonly controlPlane: string }
  /** On every container of this run: whoever comes later knows whose it was. */
  readonly label: Readonly<Record<string, string>>
}

/** Why there is no Docker with the images. */
export interface NoContainers {
  readonly why: string
  /** Whether there should be one: then tests with containers fail, and otherwise they are skipped. */
  readonly expected: boolean
}

declare module 'vitest' {
  interface ProvidedContext {
    containers: Containers | NoContainers
  }
}

const labelName = 'tencent-cert-sync.test'

/**
 * vitest's globalSetup: finds or starts Docker and puts the images there. Returns the teardown. What goes wrong is left to
 * the tests with containers: all others can run.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let engine: ContainerEngine | undefined
  try {
    engine = await containerEngine()
    project.provide('containers', await prepared(engine))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const expected = !(error instanceof NoContainerEngineError)
    process.stderr.write(`The container tests ${expected ? 'fail' : 'are skipped'}. ${why}\n`)
    project.provide('containers', { why, expected })
  }
  return async () => engine?.[Symbol.asyncDispose]()
}

async function prepared(engine: ContainerEngine): Promise<Containers> {
  await removeLeftovers(engine)
  const images = {
    operator: await ready(engine, operatorImage),
    simulator: await ready(engine, simulatorImage),
    controlPlane: await ready(engine, controlPlaneImage),
  }
  const { host, own } = engine
  return { host, own, images, label: { [labelName]: String(process.pid) } }
}

async function ready(engine: ContainerEngine, image: typeof operatorImage): Promise<string> {
  const archived = await image(engine)
  await loadImage(engine, archived)
  return archived.reference
}

/** Containers, on a Docker that is not ours, of test runs that were killed. */
async function removeLeftovers(engine: ContainerEngine): Promise<void> {
  const format = `{{.ID}} {{.Label "${labelName}"}}`
  const lines = (
    await engine.docker('ps', '--all', '--filter', `label=${labelName}`, '--format', format)
  ).split('\n')
  const dead = lines.map((line) => line.split(' ')).filter(([id, pid]) => id && !isAlive(Number(pid)))
  for (const [id = ''] of dead) await engine.docker('rm', '--force', id)
}
