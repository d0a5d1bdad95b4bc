import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { load } from 'js-yaml'
import { describe, expect, onTestFinished, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>
  readonly permissions?: unknown
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly permissions?: Readonly<Record<string, string>>
        readonly 'timeout-minutes'?: number
        readonly needs?: string | readonly string[]
        readonly steps: readonly Step[]
      }
    >
  >
}

const folder = new URL('../../.github/workflows/', import.meta.url)
const files = readdirSync(folder).map((name) => {
  const text = readFileSync(new URL(name, folder), 'utf8')
  const workflow = load(text) as Workflow
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps)
  return { name, text, workflow, steps, actions: steps.flatMap(({ uses }) => uses ?? []) }
})

/** What a job may be given beyond reading: to whom, and in which workflow. */
const allowedToWrite: Readonly<Record<string, readonly string[]>> = {
  'codeql.yaml': ['security-events'],
  'scorecard.yaml': ['security-events', 'id-token'],
  'release.yaml': ['packages', 'id-token', 'attestations', 'contents'],
}

test('there is a workflow for each purpose', () => {
  expect(files.map(({ name }) => name)).toEqual([
    'ci.yaml',
    'codeql.yaml',
    'e2e.yaml',
    'nightly.yaml',
    'release.yaml',
    'scorecard.yaml',
  ])
})

describe.each(files)('the workflow $name', ({ name, text, workflow, steps, actions }) => {
  test('pins every action by commit, and says which version that is', () => {
    expect(actions.length).toBeGreaterThan(0)
    for (const action of actions) expect(action).toMatch(/^[\w-]+\/[\w/-]+@[0-9a-f]{40}$/)
    const lines = text.split('\n').filter((line) => /^\s*(- )?uses:/.test(line))
    expect(lines).toHaveLength(actions.length)
    for (const line of lines) expect(line).toMatch(/ # v\d+\.\d+\.\d+$/)
  })

  test('gives no permission to all jobs, and to each job what it names', () => {
    expect(workflow.permissions).toEqual({})
    for (const { permissions = {} } of Object.values(workflow.jobs)) {
      const written = Object.keys(permissions).filter((key) => permissions[key] !== 'read')
      expect(permissions['contents']).toMatch(/^(read|write)$/)
      for (const key of written) expect(allowedToWrite[name] ?? []).toContain(key)
    }
  })

  test('leaves no credentials in the checkout, and knows none but its own token', () => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'))
    for (const checkout of checkouts) expect(checkout.with).toMatchObject({ 'persist-credentials': false })
    expect(text).not.toMatch(/\bsecrets\b/)
    expect(workflow.on).not.toHaveProperty('pull_request_target')
    expect(workflow.on).not.toHaveProperty('workflow_run')
  })

  test('puts no expression into a script: values come as variables', () => {
    for (const { run } of steps) expect(run ?? '').not.toContain('${{')
  })

  test('runs only npm scripts that exist', () => {
    const named = steps.flatMap(({ run }) => [...(run ?? '').matchAll(/npm run (?:-\S+ )*([\w:-]+)/g)])
    for (const [, script] of named) expect(Object.keys(manifest.scripts)).toContain(script)
  })

  test('ends', () => {
    for (const job of Object.values(workflow.jobs)) expect(job['timeout-minutes']).toBeLessThanOrEqual(75)
  })

  test('says where a reader sees it that it has not run', () => {
    expect(text.split('\n')[0]).toMatch(/^# Not run yet: /)
  })
})

test('a release without notes fails before anything is published, and no other text becomes its notes', () => {
  const release = files.find(({ name }) => name === 'release.yaml')
  const jobs = Object.entries(release?.workflow.jobs ?? {})
  const runs = (name: string) =>
    jobs.filter(([job]) => job === name).flatMap(([, { steps }]) => steps.map(({ run = '' }) => run))
  expect(runs('verify').join('\n')).toContain('release-notes.mjs "$version" > /dev/null')
  const [create] = runs('release').filter((run) => run.includes('gh release create'))
  expect(create).toMatch(/release-notes\.mjs "\$VERSION" > notes\.md\n.*--notes-file notes\.md/s)
  expect(
    jobs.filter(([name]) => name !== 'verify').every(([, { needs }]) => [needs].flat().includes('verify')),
  ).toBe(true)
})

test('a released chart knows its image for values that are null too', () => {
  const release = readFileSync(new URL('release.yaml', folder), 'utf8')
  const [command = ''] = /sed -i -E .*\\\n.*_defaults\.tpl"/.exec(release) ?? []
  const chart = mkdtempSync(join(tmpdir(), 'release-'))
  onTestFinished(() => rmSync(chart, { recursive: true }))
  const source = fileURLToPath(new URL('../../charts/tencent-cert-sync/templates', import.meta.url))
  cpSync(source, join(chart, 'templates'), { recursive: true })
  const env = { PATH: process.env['PATH'], chart, REPOSITORY: 'owner/certs', DIGEST: 'sha256:0123' }
  const { status } = spawnSync('sh', ['-euc', command], { env })
  expect(status).toBe(0)
  const lines = readFileSync(join(chart, 'templates', '_defaults.tpl'), 'utf8').split('\n')
  const defaults = load(lines.filter((line) => !line.startsWith('{{-')).join('\n'))
  const before = readFileSync(join(source, '_defaults.tpl'), 'utf8').split('\n')
  expect(defaults).toMatchObject({
    image: { registry: 'ghcr.io', repository: 'owner/certs', digest: 'sha256:0123' },
  })
  expect(lines.filter((line, index) => line !== before[index])).toHaveLength(3)
})

test('an action has the same commit wherever it is used', () => {
  const pinned = new Map<string, Set<string>>()
  for (const action of files.flatMap((file) => file.actions)) {
    const [path = '', commit = ''] = action.split('@')
    const repository = path.split('/').slice(0, 2).join('/')
    pinned.set(repository, (pinned.get(repository) ?? new Set()).add(commit))
  }
  for (const commits of pinned.values()) expect(commits.size).toBe(1)
})
