import type { Clock } from '../../src/clock.ts'
import type { SecretStore } from '../../src/ports/secrets.ts'
import type { CertificateService } from '../../src/ports/ssl-service.ts'

/** No test needs more: a loop without a wait would never let a test end. */
const mostOperations = 20_000

/**
 * The world as one process sees it. When its time has come nothing is answered any more, nothing more goes out, and no
 * timer fires: what a SIGKILL at an await leaves behind.
 */
export class Mortal {
  #last = Number.POSITIVE_INFINITY
  #operations = 0
  #inFlight = 0
  #dead = false

  get dead(): boolean {
    return this.#dead
  }

  /** It went round in circles, and was killed for it. */
  get runaway(): boolean {
    return this.#operations > mostOperations
  }

  /** Operations that have begun. */
  get operations(): number {
    return this.#operations
  }

  /** Operations that wait for their answer. */
  get inFlight(): number {
    return this.#dead ? 0 : this.#inFlight
  }

  kill(): void {
    this.#dead = true
  }

  /** It will not die after all. */
  spare(): void {
    this.#last = Number.POSITIVE_INFINITY
  }

  /** Lets it die at its n-th operation from now on: that one is done, but its answer is never seen. */
  dieAt(operation: number): void {
    this.#last = this.#operations + operation
  }

  store(world: SecretStore): SecretStore {
    return {
      get: (key, signal) => this.#do(() => world.get(key, signal)),
      annotate: (reference, annotations, signal) =>
        this.#do(() => world.annotate(reference, annotations, signal)),
    }
  }

  service(world: CertificateService): CertificateService {
    return {
      upload: (request, signal) => this.#do(() => world.upload(request, signal)),
      describe: (query, signal) => this.#do(() => world.describe(query, signal)),
      findByChain: (certificate, signal) => this.#do(() => world.findByChain(certificate, signal)),
      canFindByChain: world.canFindByChain,
    }
  }

  clock(world: Clock): Clock {
    return {
      now: () => world.now(),
      elapsed: () => world.elapsed(),
      sleep: (ms, signal) => this.#unlessDead(world.sleep(ms, signal)),
      after: (ms, callback) =>
        world.after(ms, () => {
          if (!this.#dead) callback()
        }),
    }
  }

  async #do<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#dead) return never()
    this.#operations++
    if (this.#operations > mostOperations) {
      this.#dead = true
      throw new Error(`the process goes round in circles: ${mostOperations} operations`)
    }
    this.#inFlight++
    try {
      const answer = operation()
      if (this.#operations >= this.#last) this.#dead = true
      return await this.#unlessDead(answer)
    } finally {
      this.#inFlight--
    }
  }

  #unlessDead<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      answer.then(
        (value) => {
          if (!this.#dead) resolve(value)
        },
        (error) => {
          if (!this.#dead) reject(error)
        },
      )
    })
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {})
}
