import { eventually } from '../../../harness/eventually.ts'
import type { E2eWorld } from './e2e-world.ts'
import { hostOf, simulatorName } from './simulator-objects.ts'

/**
 * The network's way to a world's cloud, which runs on. Ways are cut by taking the Service its endpoints, as happens when
 * routes, gateways or firewalls fail: connections that stand break, new ones reach nobody. Meanwhile `world.cloud`, which
 * goes the same way, cannot be asked.
 */
export class CloudWay {
  readonly #world: E2eWorld

  constructor(world: E2eWorld) {
    this.#world = world
  }

  /** Resolves when no pod reaches the cloud any more. */
  async cut(): Promise<void> {
    await this.#select('nobody')
    await eventually('the way to the cloud is cut', async () => !(await this.#isOpen()))
    // Connections that stand are not asked where they lead: the cloud itself drops them, and listens again at once.
    await this.#listening(false)
    await this.#listening(true)
  }

  /** Resolves when pods and tests reach it again. */
  async heal(): Promise<void> {
    await this.#select(simulatorName)
    await eventually('the way to the cloud is open', () => this.#isOpen())
    const answers = () =>
      this.#world.cloud.faults().then(
        () => true,
        () => false,
      )
    await eventually('the cloud can be asked', answers)
  }

  async #select(app: string): Promise<void> {
    const path = `/api/v1/namespaces/${this.#namespace}/services/${simulatorName}`
    const body = { spec: { selector: { app } } }
    await this.#world.admin.request('PATCH', path, { body, contentType: 'application/merge-patch+json' })
  }

  /** Whether the Service takes connections from a pod. Its other port is asked: the cloud counts what comes to the first. */
  async #isOpen(): Promise<boolean> {
    const script = `const socket = require('node:net').connect(8080, '${hostOf(this.#namespace)}')
      const say = (text) => { console.log(text); process.exit() }
      socket.setTimeout(1000, () => say('shut')).on('error', () => say('shut')).on('connect', () => say('open'))`
    const command = ['exec', '--namespace', this.#namespace, simulatorName, '--', '/nodejs/bin/node', '-e']
    const said = (await this.#world.kubectl.run(...command, script)).trim()
    if (said !== 'open' && said !== 'shut') throw new Error(`the pod says "${said}"`)
    return said === 'open'
  }

  async #listening(whether: boolean): Promise<void> {
    const path = `/api/v1/namespaces/${this.#namespace}/pods/http:${simulatorName}:8080/proxy/listening`
    await this.#world.admin.request('PUT', path, { body: whether })
  }

  get #namespace(): string {
    return this.#world.release.namespace
  }
}
