import { expect, test } from 'vitest'
import { inSeconds } from './phases.ts'
import { anyPromiseRan, report, summary } from './report.ts'

const results = {
  testResults: [
    {
      name: '/somewhere/issue.e2e.ts',
      status: 'failed',
      assertionResults: [
        { title: 'gets an id', status: 'passed', duration: 1_234 },
        { title: 'keeps it', status: 'failed', duration: 5 },
        { title: 'and sleeps', status: 'pending' },
      ],
    },
    { name: '/somewhere/ha.e2e.ts', status: 'failed', assertionResults: [] },
  ],
}

test('a report names every promise with what became of it, the figures and the parts of the run', () => {
  const text = report(results, [{ name: 'takeover', value: '1.3 s' }], [{ name: 'cluster', ms: 12_345 }], 80)
  expect(text).toMatch(/issue: gets an id\s+│ kept\s+│ 1\.2 s/)
  expect(text).toMatch(/issue: keeps it\s+│ BROKEN/)
  expect(text).toMatch(/issue: and sleeps\s+│ not asked/)
  expect(text).toMatch(/ha: the file as a whole\s+│ BROKEN/)
  expect(text).toMatch(/takeover\s+│ 1\.3 s/)
  expect(text).toMatch(/cluster\s+│ 12\.3 s/)
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBe(80)
})

test('a summary counts promises, and files that failed before any of theirs', () => {
  expect(summary(results)).toBe('1 promises kept, 1 broken, 1 not asked, 1 files failed as a whole')
  expect(summary({ testResults: [] })).toBe('0 promises kept, 0 broken')
})

test('a run that asked nothing differs from one that did', () => {
  const skipped = {
    name: 'ha.e2e.ts',
    status: 'passed',
    assertionResults: [{ title: 'a', status: 'skipped' }],
  }
  expect(anyPromiseRan(undefined)).toBe(false)
  expect(anyPromiseRan({ testResults: [skipped] })).toBe(false)
  expect(anyPromiseRan(results)).toBe(true)
})

test.each([
  [0, '0.0 s'],
  [119_949, '119.9 s'],
  [200_000, '3 min 20 s'],
])('%d ms are said as %s', (ms, text) => {
  expect(inSeconds(ms)).toBe(text)
})
