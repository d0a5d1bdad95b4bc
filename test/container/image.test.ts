import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { buildBundle } from '../images/build-bundle.ts'
import { runProgram } from '../programs/run-program.ts'
import { containers, docker, noDocker } from './docker.ts'

describe.skipIf(noDocker)('the image', () => {
  /** Every path in it, without the leading slash; folders end with one. */
  let paths: readonly string[]
  let folder: string
  let tar: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tencent-cert-sync-image-'))
    tar = join(folder, 'files.tar')
    const container = (await docker('create', containers().images.operator)).trim()
    await docker('export', '--output', tar, container)
    await docker('rm', container)
    paths = (await runProgram(['tar', '-tf', tar])).trim().split('\n')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const config = async (field: string) =>
    JSON.parse(
      await docker('image', 'inspect', '--format', `{{json .Config.${field}}}`, containers().images.operator),
    )

  test('holds the bundle that this repository builds, byte for byte', async () => {
    await runProgram(['tar', '-xf', tar, '-C', folder, 'app/tencent-cert-sync.js'])
    const built = await buildBundle(join(folder, 'built'))
    expect(built.equals(readFileSync(join(folder, 'app/tencent-cert-sync.js')))).toBe(true)
  })

  test('holds nothing else of the build: no module folder, no source, no package manager, no shell', async () => {
    expect(paths.filter((path) => path.startsWith('app/')).sort()).toEqual([
      'app/',
      'app/LICENSE',
      'app/THIRD-PARTY-LICENSES.txt',
      'app/tencent-cert-sync.js',
    ])
    expect(paths.filter((path) => /node_modules|package(-lock)?\.json|\.ts$/.test(path))).toEqual([])
    const tools =
      /(^|\/)(ba|da|a|z|k)?sh$|(^|\/)(busybox|npm|npx|yarn|corepack|apt|apt-get|dpkg|apk|curl|wget)$/
    expect(paths.filter((path) => tools.test(path))).toEqual([])
    for (const program of ['sh', '/bin/sh', 'npm']) {
      await expect(
        docker('run', '--rm', '--entrypoint', program, containers().images.operator),
      ).rejects.toThrow(/not found|no such file/)
    }
  })

  test('says what it is', async () => {
    const labels = await config('Labels')
    expect(labels).toMatchObject({
      'org.opencontainers.image.title': 'tencent-cert-sync',
      'org.opencontainers.image.description': manifest.description,
      'org.opencontainers.image.licenses': manifest.license,
      'org.opencontainers.image.version': manifest.version,
      'org.opencontainers.image.revision': expect.stringMatching(/^([0-9a-f]{40}|unknown)$/),
      'org.opencontainers.image.base.name': expect.stringMatching(/./),
    })
    expect(Date.parse(labels['org.opencontainers.image.created'])).not.toBeNaN()
  })

  test('runs as a user by number, so that a pod can be checked not to run as root', async () => {
    expect(await config('User')).toBe('65532:65532')
    expect(await config('ExposedPorts')).toEqual({ '8081/tcp': {}, '9402/tcp': {} })
    expect(await config('Cmd')).toBeNull()
  })

  test('runs as a user that it does not know, as OpenShift assigns them', async () => {
    const user = ['--user', '1000680000:0']
    const run = await docker(
      ...['run', '--rm', '--network', 'none', '--read-only', ...user],
      ...[containers().images.operator, '--version'],
    )
    expect(run.trim()).toBe(manifest.version)
  })

  test('takes the flags of the operator as its arguments, and names its version', async () => {
    const run = (...args: string[]) =>
      docker('run', '--rm', '--network', 'none', '--read-only', containers().images.operator, ...args)
    expect((await run('--version')).trim()).toBe(manifest.version)
    expect(await run('--help')).toContain('--cluster-name')
    await expect(run()).rejects.toThrow(/ended with 2: (.|\n)*--cluster-name/)
  })
})
