/**
 * There is no Docker, and this machine lacks what it takes to start one (Linux, root, the programs); the message says
 * what, and what to install. Tests may be skipped for it. A Docker that should start and does not is another error.
 */
export class NoContainerEngineError extends Error {
  override readonly name = 'NoContainerEngineError'
}
