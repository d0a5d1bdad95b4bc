import { GenericContainer } from 'testcontainers'
import { inject } from 'vitest'
import { runDocker } from '../images/run-docker.ts'
import type { Containers } from './global.ts'

const provided = inject('containers')

if ('why' in provided && provided.expected) throw new Error(provided.why)

/** Why there is no Docker, where there can be none: then every test with containers is skipped. */
export const noDocker: string | undefined = 'why' in provided ? provided.why : undefined

/** What `global.ts` prepared. @throws Error where there is no Docker */
export function containers(): Containers {
  if ('why' in provided) throw new Error(provided.why)
  return provided
}

if ('host' in provided) {
  process.env['DOCKER_HOST'] = provided.host
  // It would be an image from a registry; containers carry a label, by which a later run removes them.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true'
  // Containers use the machine's network.
  process.env['TESTCONTAINERS_HOST_OVERRIDE'] = '127.0.0.1'
}

/** Runs the docker command; see `runDocker`. */
export function docker(...args: string[]): Promise<string> {
  return runDocker(args, { ...process.env, DOCKER_HOST: containers().host })
}

/** A container of this test run on the machine's network, which may write nowhere but in its mounts. */
export class TestContainer extends GenericContainer {
  constructor(image: string) {
    super(image)
    this.withNetworkMode('host').withLabels(containers().label)
    this.hostConfig.ReadonlyRootfs = true
  }

  /** @param bytes of memory, with swap */
  withMemoryLimit(bytes: number): this {
    this.hostConfig.Memory = bytes
    this.hostConfig.MemorySwap = bytes
    return this
  }
}
