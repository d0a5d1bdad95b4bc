import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'tools-'))
afterAll(() => rmSync(folder, { recursive: true }))

function run(script: string, args: readonly string[] = [], flags: readonly string[] = []) {
  const file = fileURLToPath(new URL(script, import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, file, ...args], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

function resultsFile(counts: object, name = 'results.json'): string {
  const file = join(folder, name)
  writeFileSync(file, JSON.stringify(counts))
  return file
}

test('the guard lets Node 24 through and says nothing', () => {
  expect(run('./require-node.mjs')).toEqual({ status: 0, stdout: '', stderr: '' })
})

test('the guard refuses any other Node and says what to do', () => {
  const pretend = "Object.defineProperty(process, 'versions', { value: { node: '20.19.0' } })"
  const { status, stderr } = run('./require-node.mjs', [], ['--import', `data:text/javascript,${pretend}`])
  expect(status).toBe(1)
  expect(stderr).toMatch(/WRONG NODE.*Node 24.*20\.19\.0.*npm ci/s)
})

test('the notes of a release are what the changelog says of its version alone', () => {
  const file = join(folder, 'changelog.md')
  const sections = [
    '## [Unreleased]',
    '',
    '## [10.1.0] - 2026-03-01',
    '',
    '- Ten.',
    '',
    '## [0.1.0]',
    '',
    '### Added',
    '',
  ]
  writeFileSync(
    file,
    ['# Changelog', '', ...sections, '- One.', '- Two.', '', '## [0.0.9]', '', '- Old.', ''].join('\n'),
  )
  const notes = run('./release-notes.mjs', ['0.1.0', file])
  expect(notes).toEqual({ status: 0, stdout: '### Added\n\n- One.\n- Two.\n', stderr: '' })
})

test.each([
  ['names it nowhere', '## [Unreleased]\n\n- More.\n'],
  ['has a heading and nothing under it', '## [0.1.0]\n\n### Added\n\n## [0.0.9]\n\n- Old.\n'],
  ['names it within another version alone', '## [0.1.01]\n\n- More.\n'],
])('a release without notes is refused: the changelog %s', (_what, text) => {
  const file = join(folder, 'empty.md')
  writeFileSync(file, `# Changelog\n\n${text}`)
  const { status, stdout, stderr } = run('./release-notes.mjs', ['0.1.0', file])
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(/CHANGELOG\.md says nothing of 0\.1\.0.*\[Unreleased\].*## \[0\.1\.0\]/)
})

test('the last line of a run tells what the test runner counted', () => {
  const file = resultsFile({ numPassedTests: 12, numFailedTests: 0, numPendingTests: 1, numTodoTests: 0 })
  expect(run('./count-tests.mjs', ['0', '0', file])).toMatchObject({
    status: 0,
    stdout: '12 passed, 0 failed, 1 skipped\n',
  })
})

test('what several runs counted is added up, and one that did not take place adds nothing', () => {
  const files = [
    resultsFile({ numPassedTests: 12, numFailedTests: 1 }),
    join(folder, 'none.json'),
    resultsFile({ numPassedTests: 30, numFailedTests: 1, numPendingTests: 2 }, 'more.json'),
  ]
  expect(run('./count-tests.mjs', ['1', '0', ...files])).toMatchObject({
    status: 1,
    stdout: '42 passed, 2 failed, 2 skipped\n',
  })
})

test('a step that failed without a failed test is counted', () => {
  const file = resultsFile({ numPassedTests: 12, numFailedTests: 0 })
  expect(run('./count-tests.mjs', ['1', '0', file])).toMatchObject({
    status: 1,
    stdout: '12 passed, 1 failed, 0 skipped\n',
  })
})

test('a run without results has failed', () => {
  expect(run('./count-tests.mjs', ['0', '0', join(folder, 'none.json')])).toMatchObject({
    status: 1,
    stdout: '0 passed, 1 failed, 0 skipped\n',
  })
})

test('a step that was not run is counted as skipped', () => {
  const file = resultsFile({ numPassedTests: 12, numPendingTests: 2 })
  expect(run('./count-tests.mjs', ['0', '1', file])).toMatchObject({
    status: 0,
    stdout: '12 passed, 0 failed, 3 skipped\n',
  })
})

test('results that were cut off are named and count as a failure', () => {
  const whole = resultsFile({ numPassedTests: 12 })
  const cut = join(folder, 'cut.json')
  writeFileSync(cut, '{"numPassedTests": 3')
  const { status, stdout, stderr } = run('./count-tests.mjs', ['0', '0', whole, cut])
  expect([status, stdout]).toEqual([1, '12 passed, 1 failed, 0 skipped\n'])
  expect(stderr).toContain(cut)
})
