import type { Lease, LeaseSpec } from '../../src/kubernetes/lease.ts'

/** One Lease at an API server in memory: writes that name another resourceVersion than the last fail. */
export class FakeLeases {
  #lease: Lease | undefined
  #version = 0
  /** How often it was written. */
  writes = 0

  get spec(): LeaseSpec | undefined {
    return this.#lease?.spec
  }

  get(): Lease | undefined {
    return this.#lease
  }

  create(spec: LeaseSpec): Lease | undefined {
    return this.#lease ? undefined : this.#write({ name: 'lease' }, spec)
  }

  update(read: Lease, spec: LeaseSpec): Lease | undefined {
    const { resourceVersion } = this.#lease?.metadata ?? {}
    return resourceVersion === undefined || resourceVersion !== read.metadata['resourceVersion']
      ? undefined
      : this.#write(read.metadata, spec)
  }

  /** Somebody writes to the metadata. */
  annotate(): void {
    if (this.#lease) this.#write({ ...this.#lease.metadata, annotations: { seen: 'yes' } }, this.#lease.spec)
  }

  /** Somebody changes the spec by hand. */
  edit(change: Partial<LeaseSpec>): void {
    this.#write(this.#lease?.metadata ?? { name: 'lease' }, { ...this.#lease?.spec, ...change })
  }

  /** Somebody leaves nothing of the spec. */
  strip(): void {
    if (this.#lease) this.#write(this.#lease.metadata, {})
  }

  /** Somebody deletes it. */
  delete(): void {
    this.#lease = undefined
  }

  #write(metadata: Lease['metadata'], spec: LeaseSpec): Lease {
    this.#version += 1
    this.writes += 1
    this.#lease = { metadata: { ...metadata, resourceVersion: String(this.#version) }, spec }
    return this.#lease
  }
}
