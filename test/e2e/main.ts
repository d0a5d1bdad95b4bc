import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chartTools } from '../programs/chart-tools.ts'
import { goPrograms } from '../programs/go-programs.ts'
import { kubectlProgram } from '../programs/kubernetes.ts'
import { startCertManager } from './cert-manager/cert-manager.ts'
import { description } from './cluster/attach.ts'
import { checkPlace, chooseCluster } from './cluster/choose-cluster.ts'
import type { E2eCluster } from './cluster/e2e-cluster.ts'
import { keptLocalCluster } from './cluster/local/local-cluster.ts'
import { type Arguments, help, readArguments } from './run/arguments.ts'
import { certManagerIsThere } from './run/cert-manager-there.ts'
import { removeLeftovers } from './run/leftovers.ts'
import { Phases } from './run/phases.ts'
import { anyPromiseRan, type Results, report } from './run/report.ts'
import { takeCluster } from './run/suite-lease.ts'
import { VitestRun } from './run/vitest-run.ts'
import { administrator } from './suite/harness/administrator.ts'
import { environmentVariable } from './suite/harness/environment.ts'
import { readFigures } from './suite/harness/figures.ts'
import { Kubectl } from './suite/harness/kubectl.ts'

const file = (name: string) => fileURLToPath(new URL(`../../dist/${name}`, import.meta.url))
const resultsFile = file('e2e-results.json')
const aloneFile = file('e2e-alone-results.json')
const figuresFile = file('e2e-figures.jsonl')
const say = (text: string) => void process.stderr.write(`${text}\n`)

/** No cluster can be had on this machine; the message says why. */
const unavailable = new Set(['MachineError', 'NoContainerEngineError'])

/** One run: what it has started, and how it ends. */
class Run {
  readonly #args: Arguments
  readonly #phases = new Phases(say)
  /** What has to be undone, the last first. */
  readonly #undo: { readonly name: string; readonly work: () => Promise<unknown> }[] = []
  #vitest: VitestRun | undefined
  /** The suite had a local cluster of its own. */
  #ownNode = false
  interrupted = false

  constructor(args: Arguments) {
    this.#args = args
  }

  /** @returns the exit code */
  async play(): Promise<number> {
    for (const old of [resultsFile, aloneFile, figuresFile]) rmSync(old, { force: true })
    let code = 1
    try {
      code = await this.#promises()
    } finally {
      // What was not undone is a failure, too.
      if (!(await this.#end())) code = Math.max(code, 1)
    }
    if (!this.interrupted && this.#isWhole && this.#ownNode)
      code = Math.max(code, await this.#promisesOfTheNode())
    if (this.interrupted) return 130
    const testResults = [resultsFile, aloneFile].flatMap((name) => readResults(name)?.testResults ?? [])
    if (testResults.length > 0) {
      const figures = readFigures(figuresFile)
      const columns = process.stdout.columns ?? 100
      process.stdout.write(`\n${report({ testResults }, figures, this.#phases.done, columns)}\n`)
    }
    return code
  }

  /** Nothing was left out of it. */
  get #isWhole(): boolean {
    const { keep, only, promise } = this.#args
    return !keep && only === undefined && promise === undefined
  }

  /** Ends what runs; `play` then ends in good order. The second time ends this process at once. */
  interrupt(): void {
    if (this.interrupted) process.exit(130)
    this.interrupted = true
    say('\nStopping; once more to stop at once.')
    this.#vitest?.stop()
  }

  async #promises(): Promise<number> {
    const { keep, only = '', promise } = this.#args
    // What can fail at once fails before minutes of building.
    await this.#part('place', () => checkPlace({ say }))
    const { kubectl } = await this.#part('kubectl', () => goPrograms(kubectlProgram))
    await this.#part('Helm', () => goPrograms(chartTools))
    const cluster = await this.#part('cluster', () => chooseCluster({ say, kept: keep }))
    if (!keep) this.#undo.push({ name: 'cluster, end', work: () => cluster.stop() })
    await this.#part('what an earlier run left', async () => {
      await this.#take(cluster)
      await this.#sweep(cluster)
    })
    this.#ownNode = cluster.kind === 'local' && keptLocalCluster() === undefined
    // What a cluster of our own holds goes with it.
    const outlivesUs = cluster.kind === 'existing' || keptLocalCluster() !== undefined
    if (!keep && outlivesUs) this.#undo.push({ name: 'tidying up', work: () => this.#sweep(cluster) })
    await this.#part('cert-manager', () => this.#certManager(cluster, kubectl))
    const told = { cluster: description(cluster), kubectl, figures: figuresFile, keep }
    const code = await this.#part('promises', () => {
      this.#vitest = new VitestRun({
        project: 'e2e',
        files: [`test/e2e/suite/${only}`],
        results: resultsFile,
        env: environmentVariable(told),
        ...(promise !== undefined && { promise }),
      })
      return this.#vitest.exitCode
    })
    if (keep) say(`The cluster goes on:\n\n  export KUBECONFIG=${cluster.kubeconfig}\n`)
    if (!this.interrupted && !anyPromiseRan(readResults(resultsFile))) {
      const asked = [only && `--only ${only}`, promise && `--promise ${promise}`].filter(Boolean).join(' ')
      say(`No promise was asked: nothing matches ${asked || 'what there is'}.`)
      return 1
    }
    return code === 0 ? 0 : 1
  }

  /** That a local cluster starts, ends and is killed without a trace: asked when none runs. */
  #promisesOfTheNode(): Promise<number> {
    return this.#part('promises of the local cluster', async () => {
      this.#vitest = new VitestRun({ project: 'e2e-alone', files: [], results: aloneFile, env: {} })
      return (await this.#vitest.exitCode) === 0 ? 0 : 1
    })
  }

  async #certManager(cluster: E2eCluster, kubectl: string): Promise<void> {
    const { kubeconfig } = cluster
    const admin = await administrator(kubeconfig)
    const theirs = await certManagerIsThere(admin).finally(() => admin.close())
    if (theirs) return say('    the cluster has its own')
    const certManager = await startCertManager({ kubeconfig, kubectl: new Kubectl(kubectl, kubeconfig) })
    this.#undo.push({ name: 'cert-manager, end', work: () => certManager.stop() })
  }

  async #take({ kubeconfig }: E2eCluster): Promise<void> {
    const admin = await administrator(kubeconfig)
    const giveBack = await takeCluster(admin).catch((error: unknown) => {
      void admin.close()
      throw error
    })
    const work = () => giveBack().finally(() => admin.close())
    this.#undo.push({ name: 'giving the cluster back', work })
  }

  async #sweep({ kubeconfig }: E2eCluster): Promise<void> {
    const admin = await administrator(kubeconfig)
    const removed = await removeLeftovers(admin, kubeconfig).finally(() => admin.close())
    if (removed.length > 0) say(`    removed: ${removed.join(', ')}`)
  }

  /** @returns whether all was undone */
  async #end(): Promise<boolean> {
    let done = true
    for (const { name, work } of this.#undo.reverse()) {
      // What follows has to be undone all the same.
      await this.#phases.run(name, work).catch((error: unknown) => {
        say(`${name}: ${messageOf(error)}`)
        done = false
      })
    }
    return done
  }

  #part<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.interrupted) throw new Error('interrupted')
    return this.#phases.run(name, work)
  }
}

function readResults(name: string): Results | undefined {
  try {
    return JSON.parse(readFileSync(name, 'utf8')) as Results
  } catch {
    return undefined
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function main(): Promise<number> {
  let args: Arguments
  try {
    args = readArguments(process.argv.slice(2))
  } catch (error) {
    say(`${messageOf(error)}\nTry: npm run e2e -- --help`)
    return 2
  }
  if (args.help) {
    process.stdout.write(help)
    return 0
  }
  const run = new Run(args)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => run.interrupt())
  try {
    return await run.play()
  } catch (error) {
    if (run.interrupted) return 130
    say(`The suite cannot go on: ${messageOf(error)}`)
    return error instanceof Error && unavailable.has(error.name) ? 3 : 1
  }
}

process.exit(await main())
