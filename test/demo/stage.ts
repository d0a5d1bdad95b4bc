import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Binaries } from '../control-plane/binaries.ts'
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.ts'
import type { ServiceAccount } from '../control-plane/service-accounts.ts'
import { OperatorProcess } from '../harness/operator-process.ts'
import { operatorRules } from '../harness/world.ts'
import { type ControlPort, openControlPort } from '../simulator/control.ts'
import { type Simulator, startSimulator } from '../simulator/server.ts'

/** Where the Secrets live. */
export const namespace = 'demo'
export const clusterName = 'demo'
/** How long the simulated service works on a call, ms. */
export const serviceMs = 300
const credentials = { secretId: 'AKIDdemo', secretKey: 'demo-secret-key' }

/** Everything that runs: the API server, the simulated cloud, and the operator, which is killed and restarted. */
export class Stage {
  readonly controlPlane: ControlPlane
  readonly simulator: Simulator
  readonly control: ControlPort
  readonly account: ServiceAccount
  /** All that the operators have logged. */
  readonly operatorLog: string
  readonly #operators: OperatorProcess[] = []

  private constructor(parts: Pick<Stage, 'controlPlane' | 'simulator' | 'control' | 'account'>) {
    this.controlPlane = parts.controlPlane
    this.simulator = parts.simulator
    this.control = parts.control
    this.account = parts.account
    this.operatorLog = join(parts.controlPlane.connection.folder, 'operator.log')
  }

  /** Sets up everything but the operator; what is up already is taken down again where the rest fails. */
  static async create(binaries: Binaries): Promise<Stage> {
    await using undo = new AsyncDisposableStack()
    const controlPlane = undo.use(await startControlPlane({ binaries }))
    const simulator = undo.use(await startSimulator({ credentials: [credentials] }))
    const control = undo.use(await openControlPort(simulator))
    simulator.fault({ kind: 'delay', ms: serviceMs, spreadMs: serviceMs / 10 })
    await controlPlane.admin.createNamespace(namespace)
    const account = await controlPlane.createServiceAccount({
      namespace: 'tencent-cert-sync',
      name: 'operator',
      rules: operatorRules,
    })
    undo.move()
    return new Stage({ controlPlane, simulator, control, account })
  }

  /** The operator that was started last. */
  get operator(): OperatorProcess {
    const last = this.#operators.at(-1)
    if (last === undefined) throw new Error('no operator has been started')
    return last
  }

  /** Everything that the operators wrote to stdout and stderr. */
  get output(): string {
    return this.#operators.map(({ stdout, stderr }) => stdout + stderr).join('')
  }

  /** Starts the bundle; resolves at once. */
  startOperator(): OperatorProcess {
    const options = {
      kubeconfig: this.account.kubeconfig,
      'cluster-name': clusterName,
      'tencent-endpoint': this.simulator.url,
    }
    const operator = OperatorProcess.start({
      args: Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
      env: { TENCENTCLOUD_SECRET_ID: credentials.secretId, TENCENTCLOUD_SECRET_KEY: credentials.secretKey },
      onOutput: (text) => appendFileSync(this.operatorLog, text),
    })
    this.#operators.push(operator)
    return operator
  }

  /** Ends everything and deletes what was written to the disk. */
  async close(): Promise<void> {
    await Promise.all(this.#operators.filter((it) => it.running).map((it) => it.kill()))
    await this.control.close()
    await this.simulator.close()
    await this.controlPlane.stop()
  }
}
