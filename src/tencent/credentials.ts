import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { type CredentialsSource, credentialNames } from '../config.ts'
import {
  type Credentials,
  CredentialsError,
  readCredentialFiles,
  validateCredentials,
} from './credential-values.ts'

export interface CredentialsProvider {
  /**
   * The credentials now. A failure is not remembered: the next call looks again.
   * @throws CredentialsError
   */
  get(): Promise<Credentials>
  /** Rises whenever other credentials than before were seen, or the same ones after they were unusable. */
  version(): number
  /**
   * Calls back when `version` has risen. While there is a listener, the files are checked every few seconds.
   * Returns a function that ends the subscription.
   */
  onChange(callback: () => void): () => void
  /** Ends all subscriptions. */
  stop(): void
}

const pollMs = 5_000

/** Provides the credentials of the account from a source that may change while the operator runs. */
export function createCredentials(source: CredentialsSource, clock: Clock): CredentialsProvider {
  return new WatchedCredentials(readerOf(source), clock)
}

interface Reader {
  read(): Promise<Credentials>
  readonly changes: boolean
}

class WatchedCredentials implements CredentialsProvider {
  readonly #reader: Reader
  readonly #clock: Clock
  readonly #listeners = new Set<() => void>()
  /** Hash of what was read last, or that it was unusable; undefined before the first read. */
  #seen: string | undefined
  #version = 0
  #cancelPoll: (() => void) | undefined

  constructor(reader: Reader, clock: Clock) {
    this.#reader = reader
    this.#clock = clock
  }

  async get(): Promise<Credentials> {
    try {
      const credentials = await this.#reader.read()
      this.#observe(createHash('sha256').update(JSON.stringify(credentials)).digest('hex'))
      return credentials
    } catch (error) {
      this.#seen = 'unusable'
      throw error
    }
  }

  version(): number {
    return this.#version
  }

  onChange(callback: () => void): () => void {
    // A wrapper of its own: the same function may be given twice.
    const listener = () => callback()
    this.#listeners.add(listener)
    if (this.#listeners.size === 1 && this.#reader.changes) this.#poll()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#endPolling()
    }
  }

  stop(): void {
    this.#listeners.clear()
    this.#endPolling()
  }

  #observe(hash: string): void {
    const before = this.#seen
    if (before === hash) return
    this.#seen = hash
    this.#version += 1
    if (before !== undefined) for (const listener of [...this.#listeners]) listener()
  }

  #poll(): void {
    let ended = false
    let cancelTimer: (() => void) | undefined
    const look = async () => {
      // Unusable is what callers of get() learn; a poll only waits for it to pass.
      await this.get().catch(() => undefined)
      if (!ended) cancelTimer = this.#clock.after(pollMs, look)
    }
    this.#cancelPoll = () => {
      ended = true
      cancelTimer?.()
    }
    void look()
  }

  #endPolling(): void {
    this.#cancelPoll?.()
    this.#cancelPoll = undefined
  }
}

function readerOf(source: CredentialsSource): Reader {
  switch (source.kind) {
    case 'environment':
      return {
        read: async () => validateCredentials(source, (part) => `The variable ${credentialNames[part]}`),
        changes: false,
      }
    case 'directory':
      return { read: () => readCredentialFiles(source.path), changes: true }
    case 'none':
      return {
        read: () => Promise.reject(new CredentialsError('No credentials were given.')),
        changes: false,
      }
  }
}
