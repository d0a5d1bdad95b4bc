import { type StartedTestContainer, Wait } from 'testcontainers'
import { freePorts } from '../control-plane/ports.ts'
import { credentials } from '../harness/world.ts'
import { ControlClient } from '../simulator/control-client.ts'
import { containers, TestContainer } from './docker.ts'

/** The simulated cloud in a container. End it. */
export class SimulatorContainer extends ControlClient implements AsyncDisposable {
  /** Where the API is: `http://127.0.0.1:PORT`. */
  readonly url: string
  readonly #container: StartedTestContainer

  private constructor(container: StartedTestContainer, port: number, controlPort: number) {
    super(`http://127.0.0.1:${controlPort}`)
    this.url = `http://127.0.0.1:${port}`
    this.#container = container
  }

  /** Resolves when it listens. */
  static async start(): Promise<SimulatorContainer> {
    const [port = 0, controlPort = 0] = await freePorts(2)
    const { secretId, secretKey } = credentials
    const container = await new TestContainer(containers().images.simulator)
      .withCommand([
        ...['--secret-id', secretId, '--secret-key', secretKey],
        ...['--port', `${port}`, '--control-port', `${controlPort}`],
      ])
      .withWaitStrategy(Wait.forLogMessage(/^profile/))
      .start()
    return new SimulatorContainer(container, port, controlPort)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#container.stop({ timeout: 0 })
  }
}
