/** One sabotage of one line (or a few that belong together). */
export interface Mutant {
  /** What does not hold any more. */
  readonly name: string
  /** From the project's folder. */
  readonly file: string
  /** Occurs in the file exactly once. */
  readonly original: string
  readonly mutated: string
  /** Files of unit tests, from the project's folder: at least one of their tests has to fail. */
  readonly tests: readonly string[]
}

/** The heart's promises, each broken in turn. */
export const mutants: readonly Mutant[] = [
  {
    name: 'the service may always store a copy (Repeatable=true)',
    file: 'src/tencent/ssl-service.ts',
    original: 'Repeatable: request.repeatable,',
    mutated: 'Repeatable: true,',
    tests: ['src/tencent/ssl-service.test.ts'],
  },
  {
    name: 'every upload asks for a copy',
    file: 'src/sync/service-calls.ts',
    original: 'repeatable: copySuffix !== undefined,',
    mutated: 'repeatable: true,',
    tests: ['src/sync/crash.test.ts'],
  },
  {
    name: 'the status write names no resourceVersion',
    file: 'src/kubernetes/secret-store.ts',
    original: 'body: { metadata: { uid, resourceVersion, annotations } },',
    mutated: 'body: { metadata: { uid, annotations } },',
    tests: ['src/kubernetes/secret-store.test.ts'],
  },
  {
    name: 'the answer to a status write brings the private key along',
    file: 'src/kubernetes/secret-store.ts',
    original: '        accept: metadataOnly,\n',
    mutated: '',
    tests: ['src/kubernetes/secret-store.test.ts'],
  },
  {
    name: 'preflight comes before the rows Synced',
    file: 'src/sync/decide.ts',
    original: 'const backOff = backingOff(observed, memory, now)',
    mutated:
      "const early = preflight(material, now)\n  if (early) return { kind: 'Reject', ...early }\n  const backOff = backingOff(observed, memory, now)",
    tests: ['src/sync/decide.test.ts'],
  },
  {
    name: 'a status counts for any account',
    file: 'src/sync/decide.ts',
    original:
      '    status.uploaded?.account === identity.account &&\n    status.uploaded.chainFingerprint ===',
    mutated: '    status.uploaded?.chainFingerprint ===',
    tests: ['src/sync/decide.test.ts'],
  },
  {
    name: 'the upload budget is off',
    file: 'src/sync/decide.ts',
    original: 'if (memory.budgetFreeAt !== undefined && memory.budgetFreeAt > now) {',
    mutated: 'if (false) {',
    tests: ['src/sync/decide.test.ts'],
  },
  {
    name: 'a failed input does not wait for its back-off',
    file: 'src/sync/decide.ts',
    original: '  if (backOff) return backOff\n  if (memory.uploadsHeld)',
    mutated: '  if (memory.uploadsHeld)',
    tests: ['src/sync/decide.test.ts'],
  },
  {
    name: 'every foreign touch is a new input',
    file: 'src/sync/observe.ts',
    original: '    material.inputHash,\n',
    mutated: '    material.inputHash,\n    secret.resourceVersion,\n',
    tests: ['src/sync/failures.test.ts'],
  },
  {
    name: 'a second copy is made without an intent on record',
    file: 'src/sync/decide-chain.ts',
    original: "if (settings.repeatable || (sameAccount && progress?.sameId)) return { kind: 'Intend' }",
    mutated:
      "if (settings.repeatable || (sameAccount && progress?.sameId)) return { kind: 'Upload', plain, copySuffix: 'copy' }",
    tests: ['src/sync/crash.test.ts'],
  },
  {
    name: 'after a crash no copy is looked for by its alias',
    file: 'src/sync/decide-chain.ts',
    original: "if (!progress?.aliasAsked) return { kind: 'Find', search: { by: 'alias', suffix } }",
    mutated: '',
    tests: ['src/sync/crash.test.ts'],
  },
  {
    name: 'the memo of ids is not asked',
    file: 'src/sync/reconciler.ts',
    original: 'memo: chain === undefined ? undefined : memo.get(this.#calls.memoKey(observed, chain)),',
    mutated: 'memo: undefined,',
    tests: ['src/sync/status-writes.test.ts'],
  },
  {
    name: 'one chain in several Secrets is uploaded at once for each',
    file: 'src/sync/call-handler.ts',
    original: "    if (other) return { next: { kind: 'join', flight: other } }\n",
    mutated: '',
    tests: ['src/sync/crash-shared.test.ts'],
  },
  {
    name: 'a refused alias, tag or use blocks the upload',
    file: 'src/sync/call-handler.ts',
    original: "if (decision.kind !== 'Upload' || decision.plain) break\n",
    mutated: 'break\n',
    tests: ['src/sync/failures.test.ts'],
  },
  {
    name: "the operator's own write is taken for a change",
    file: 'src/sync/controller.ts',
    original: 'if (this.#echoes.isEcho(change.key, change.resourceVersion)) return',
    mutated: '',
    tests: ['src/sync/controller.test.ts'],
  },
  {
    name: 'a key is worked on twice at once',
    file: 'src/sync/work-queue.ts',
    original: 'if (this.#closed || this.#active.has(key)) return false',
    mutated: 'if (this.#closed) return false',
    tests: ['src/sync/work-queue.test.ts'],
  },
  {
    name: 'what is unchanged is written again',
    file: 'src/sync/status.ts',
    original: 'return value === undefined || (value ?? undefined) === current ? [] : [[key, value]]',
    mutated: 'return value === undefined ? [] : [[key, value]]',
    tests: ['src/sync/status.test.ts'],
  },
  {
    name: 'the status of a failure differs each time',
    file: 'src/sync/outcome.ts',
    original: "const hint = error.hint ?? 'It is tried again.'",
    mutated: "const hint = 'It is tried again: ' + error.requestId",
    tests: ['src/sync/outcome.test.ts'],
  },
  {
    name: 'a slot is free as soon as the answer is there',
    file: 'src/sync/service-lane.ts',
    original: 'if (wait <= 0) return\n',
    mutated: 'return\n',
    tests: ['src/sync/service-lane.test.ts'],
  },
  {
    name: 'a slot does not allow for jitter',
    file: 'src/sync/slot-pacing.ts',
    original: 'Math.min(safe, start + windowMs + margin + allowanceMs)',
    mutated: 'Math.min(safe, start + windowMs + allowanceMs)',
    tests: ['src/sync/slot-pacing.test.ts'],
  },
  {
    name: 'a new process uses the slots at once',
    file: 'src/sync/service-lane.ts',
    original: 'await this.#clock.sleep(windowMs, signal)',
    mutated: 'signal.throwIfAborted()',
    tests: ['src/sync/service-lane.test.ts'],
  },
  {
    name: 'a failure of any kind holds the account',
    file: 'src/sync/account-gate.ts',
    original: 'this.succeeded(error.action)\n        return undefined',
    mutated: "return 'caller'",
    tests: ['src/sync/account-gate.test.ts'],
  },
  {
    name: 'the breaker never opens',
    file: 'src/sync/account-gate.ts',
    original: 'this.#outageCount >= outagesInARow && this.#outages.size > 1',
    mutated: 'false',
    tests: ['src/sync/account-gate.test.ts'],
  },
  {
    name: 'status writes have no budget',
    file: 'src/sync/recorder.ts',
    original: 'if (retryMs > 0) {',
    mutated: 'if (false) {',
    tests: ['src/sync/status-writes.test.ts'],
  },
  {
    name: "the service's own words are passed on",
    file: 'src/tencent/api-client.ts',
    original: "throw fail(call, isCode(code) ? code : 'MalformedResponse', requestId)",
    mutated: "throw fail(call, String(readRecord(fields['Error'])?.['Message']), requestId)",
    tests: ['src/tencent/api-client.test.ts'],
  },
  {
    name: 'a redirect is followed with the private key',
    file: 'src/tencent/api-client.ts',
    original: 'if (hops > 1) {',
    mutated: 'if (hops > 9) {',
    tests: ['src/tencent/api-client.test.ts'],
  },
  {
    name: 'an expired watch is not listed anew',
    file: 'src/kubernetes/reflector.ts',
    original: '      this.#resourceVersion = undefined\n      this.#refusals = 0\n',
    mutated: '',
    tests: ['src/kubernetes/reflector.test.ts'],
  },
  {
    name: 'Secrets that nobody opted in are looked at',
    file: 'src/kubernetes/known-secrets.ts',
    original: 'if (metadata.annotations?.[userKeys.upload] === undefined) return this.#drop(key, true)',
    mutated: '',
    tests: ['src/kubernetes/known-secrets.test.ts'],
  },
  {
    name: 'liveness says 200 whatever happens',
    file: 'src/operator.ts',
    original: 'problem: () => (ageMs() > stuckMs ? `has not moved',
    mutated: 'problem: () => (ageMs() > Number.POSITIVE_INFINITY ? `has not moved',
    tests: ['src/operator.test.ts'],
  },
  {
    name: 'what was read of a Secret waits with its key',
    file: 'src/sync/reconciler.ts',
    original: "          return { next: { kind: 'slot', action, urgency: urgencyOf(observed, now) } }",
    mutated:
      "          return { next: { kind: 'slot', action, urgency: urgencyOf(observed, now) }, ...(Object.assign(this.#parts.memory.of(observed.key), { observed }) && {}) }",
    tests: ['src/sync/secrets-in-memory.test.ts'],
  },
  {
    name: 'a process that is not the leader uploads',
    file: 'src/sync/fenced-service.ts',
    original: '    this.#fence.check()\n    try {\n',
    mutated: '    try {\n',
    tests: ['src/sync/fenced-service.test.ts'],
  },
  {
    name: 'a process that is not the leader writes',
    file: 'src/kubernetes/fenced-client.ts',
    original: "if (request.method !== 'GET') this.#fence.check()",
    mutated: '',
    tests: ['src/kubernetes/fenced-client.test.ts'],
  },
  {
    name: 'a leader that was paused takes itself for one',
    file: 'src/kubernetes/leader-elector.ts',
    original: 'if (!this.leading) throw new NotLeadingError()',
    mutated: "if (this.#state !== 'leading') throw new NotLeadingError()",
    tests: ['src/kubernetes/leader-elector.test.ts'],
  },
  {
    name: 'a renewal counts from its answer',
    file: 'src/kubernetes/leader-elector.ts',
    original: 'this.#held = ours\n      this.#renewedAt = sentAt',
    mutated: 'this.#held = ours\n      this.#renewedAt = clock.elapsed()',
    tests: ['src/kubernetes/leader-elector.test.ts'],
  },
  {
    name: 'a lease runs out by the time that its holder wrote',
    file: 'src/kubernetes/lease-watch.ts',
    original: 'clock.elapsed() - this.#changedAt >= durationMs',
    mutated: "clock.now() - Date.parse(spec.renewTime ?? '') >= durationMs",
    tests: ['src/kubernetes/leader-elector.test.ts'],
  },
  {
    name: 'a lease that somebody emptied is taken for given away',
    file: 'src/kubernetes/lease.ts',
    original: 'return !holderIdentity && leaseDurationSeconds === 1 && renewTime !== undefined',
    mutated: 'return !holderIdentity && renewTime !== undefined',
    tests: ['src/kubernetes/leader-elector.test.ts'],
  },
  {
    name: 'a write to the lease names no resourceVersion',
    file: 'src/kubernetes/lease-store.ts',
    original: 'const body = { metadata: read.metadata, spec }',
    mutated: 'const body = { metadata: { name: this.#name }, spec }',
    tests: ['src/kubernetes/lease-store.test.ts'],
  },
  {
    name: 'the lease is given away before the lanes are drained',
    file: 'src/sync/service-lane.ts',
    original: '    await this.#queue.onPendingZero()\n',
    mutated: '',
    tests: ['src/sync/service-lane.test.ts'],
  },
  {
    name: "a standby is blamed for the leader's work",
    file: 'src/sync/controller.ts',
    original: 'if (this.#started) this.#unsynced.changed(change.key)',
    mutated: 'this.#unsynced.changed(change.key)',
    tests: ['src/sync/controller.test.ts'],
  },
]
