import type { Mutant } from '../mutant.ts'

/** Broken promises of the process: probes, metrics. */
export const processMutants: readonly Mutant[] = [
  {
    name: 'ids that one namespace makes up have the metric say that the account is held',
    file: 'src/controller.ts',
    within: 'Controller.gauges',
    original: 'this.#ledger.account.areAllIdsDoubted',
    mutated: 'this.#ledger.account.isDoubted',
    tests: ['test/heart/account-of-one-namespace.test.ts'],
  },
  {
    name: 'old connections make no room for new ones',
    file: 'src/telemetry/open-connections.ts',
    within: 'OpenConnections.add',
    original: 'if (this.#open.size >= this.#limit) this.#evict()',
    mutated: 'if (this.#open.size >= this.#limit) return void socket.destroy()',
    tests: ['src/telemetry/open-connections.test.ts', 'src/telemetry/http-server.test.ts'],
  },
  {
    name: 'liveness says 200 whatever happens',
    file: 'src/operator.ts',
    within: 'Operator.#liveness',
    original: 'problem: () => (ageMs() > stuckMs ? `has not moved',
    mutated: 'problem: () => (ageMs() > Number.POSITIVE_INFINITY ? `has not moved',
    tests: ['src/operator.test.ts'],
  },
  {
    name: 'each scrape renders the metrics for itself',
    file: 'src/telemetry/shared-rendering.ts',
    within: 'SharedRendering.page',
    original: 'this.#next ??= this.#renderNext()',
    mutated: 'this.#next = this.#renderNext()',
    tests: ['src/telemetry/shared-rendering.test.ts'],
  },
  {
    name: 'renderings of the metrics follow each other without a rest',
    file: 'src/telemetry/shared-rendering.ts',
    within: 'SharedRendering.#renderNext',
    original: 'if (restMs > 0) await this.#clock.sleep(restMs)',
    mutated: '',
    tests: ['src/telemetry/shared-rendering.test.ts'],
  },
  {
    name: 'a scrape gets a page that was begun before it',
    file: 'src/telemetry/shared-rendering.ts',
    within: 'SharedRendering.#renderNext',
    original: 'this.#next = undefined\n',
    mutated: '',
    tests: ['src/telemetry/shared-rendering.test.ts'],
  },
]
