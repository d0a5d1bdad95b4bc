import type { Mutant } from '../mutant.ts'

/** Broken promises towards the service. */
export const tencentMutants: readonly Mutant[] = [
  {
    name: 'the service may always store a copy (Repeatable=true)',
    file: 'src/tencent/ssl-service.ts',
    within: 'uploadParameters',
    original: 'Repeatable: request.repeatable,',
    mutated: 'Repeatable: true,',
    tests: ['src/tencent/ssl-service.test.ts'],
  },
  {
    name: "the service's own words are passed on",
    file: 'src/tencent/api-client.ts',
    within: 'readAnswer',
    original: "throw fail(call, isCode(code) ? code : 'MalformedResponse', { requestId })",
    mutated: "throw fail(call, String(readRecord(fields['Error'])?.['Message']), { requestId })",
    tests: ['src/tencent/api-client.test.ts'],
  },
  {
    name: 'whoever would follow a redirect is shown where it leads',
    file: 'src/tencent/answer-guard.ts',
    within: 'guardAnswers',
    original: 'delete response.headers.location',
    mutated: '',
    tests: ['src/tencent/api-client.test.ts'],
  },
  {
    name: 'a call that is given up is closed, not reset',
    file: 'src/tencent/sending-connection.ts',
    within: 'SendingConnection.constructor',
    original: 'handle.reset(onClosed) === 0',
    mutated: 'handle.close(onClosed) === undefined',
    tests: ['src/tencent/sending-connection.test.ts'],
  },
  {
    name: 'a request that has left is taken for unsent',
    file: 'src/tencent/sending-agent.ts',
    within: 'sendingAgent',
    original: 'if (isOpen(socket)) send()',
    mutated: 'if (isOpen(socket)) return',
    tests: ['src/tencent/connection-failures.test.ts'],
  },
  {
    name: 'the headers of a proxy are collected without a bound',
    file: 'src/tencent/tunnel-agent.ts',
    within: 'boundHeaders',
    original: 'received > maxHeaderSize',
    mutated: 'false',
    tests: ['src/tencent/tunnel-agent.test.ts'],
  },
  {
    name: 'a project that is denied to one Secret closes the account gate',
    file: 'src/tencent/error-classes.ts',
    within: 'classify',
    original: 'found?.perhapsProject && context.projectSent ? project : (found ?? unexpected)',
    mutated: 'found ?? unexpected',
    tests: ['src/tencent/error-classes.test.ts', 'src/tencent/ssl-service.test.ts'],
  },
]
