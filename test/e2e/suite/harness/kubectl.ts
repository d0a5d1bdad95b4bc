import type { KubernetesObject } from '../../../chart/kubernetes-object.ts'
import { runProgram } from '../../../programs/run-program.ts'

const ownManager = 'tencent-cert-sync-e2e'

/** kubectl with one kubeconfig. Everything here may be repeated. */
export class Kubectl {
  readonly #program: string
  readonly #kubeconfig: string

  constructor(program: string, kubeconfig: string) {
    this.#program = program
    this.#kubeconfig = kubeconfig
  }

  /** Its stdout. @throws Error with its last lines on stderr when it fails */
  run(...args: readonly string[]): Promise<string> {
    return this.#run(args)
  }

  /** Server-side apply, by force: these objects are the suite's own. */
  async apply(...objects: readonly KubernetesObject[]): Promise<void> {
    const list = { apiVersion: 'v1', kind: 'List', items: objects }
    await this.#run(['apply', ...applyFlags, '-f', '-'], JSON.stringify(list))
  }

  /** As `apply`, of every YAML file in a folder. */
  async applyFolder(folder: string): Promise<void> {
    await this.#run(['apply', ...applyFlags, '-f', folder])
  }

  #run(args: readonly string[], input = ''): Promise<string> {
    return runProgram([this.#program, '--kubeconfig', this.#kubeconfig, ...args], { input })
  }
}

const applyFlags = ['--server-side', '--force-conflicts', '--field-manager', ownManager]
