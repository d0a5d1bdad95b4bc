/** The machine cannot run the local cluster; the message says all that is missing and how to come by it. */
export class MachineError extends Error {
  override readonly name = 'MachineError'

  constructor(reasons: readonly string[]) {
    const lines = [
      'The local cluster cannot run on this machine:',
      ...reasons.map((reason) => `- ${reason}`),
      'Other places for the same tests: E2E_CLUSTER=existing (any kubeconfig) or E2E_CLUSTER=kind (Docker).',
    ]
    super(lines.join('\n'))
  }
}
