import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram } from '../programs/run-program.ts'
import type { ContainerEngine } from './container-engine.ts'
import { addNode } from './node-runtime-image.ts'
import { RootFileSystem } from './root-file-system.ts'

/** The image that `importNodeBuild` makes. */
export const nodeBuildImage = `local/node-build:${process.versions.node}`

const npm = 'npm@11.21.2'
const busybox = '/bin/busybox'

/**
 * Makes a stand-in for node:24-bookworm-slim: Node, npm, and the shell and tools of busybox. It trusts whom this
 * machine trusts and asks the registry that npm asks here, so that `npm ci` works in it too; no image that is shipped
 * or run takes anything of that.
 * @throws Error where there is no busybox that needs no libraries
 */
export async function importNodeBuild(engine: ContainerEngine): Promise<void> {
  using root = new RootFileSystem()
  await addNode(root)
  await addShell(root)
  await addNpm(root)
  root.link('/usr/local/bin/node', '/nodejs/bin/node')
  const environment = [`PATH=/usr/local/bin:/usr/bin:/bin`, `npm_config_registry=${await registry()}`]
  const trusted = process.env['NODE_EXTRA_CA_CERTS'] || '/etc/ssl/certs/ca-certificates.crt'
  if (existsSync(trusted)) {
    root.copy(trusted, '/etc/ssl/certs/this-machine.crt', 0o644)
    environment.push('NODE_EXTRA_CA_CERTS=/etc/ssl/certs/this-machine.crt')
  }
  await root.import(engine, nodeBuildImage, [`ENV ${environment.join(' ')}`, 'USER 0:0', 'CMD ["node"]'])
}

/** Whether this machine has a shell and tools in one file that needs no libraries: Debian's busybox-static. */
export function hasStaticBusybox(): boolean {
  // ldd fails for a program without libraries.
  return existsSync(busybox) && spawnSync('ldd', [busybox], { stdio: 'ignore' }).status === 1
}

async function addShell(root: RootFileSystem): Promise<void> {
  if (!hasStaticBusybox()) throw new Error('there is no static /bin/busybox: install busybox-static')
  const applets = await runProgram([busybox, '--list'])
  root.copy(busybox, busybox)
  for (const applet of applets.trim().split('\n')) root.link(`/bin/${applet}`, 'busybox')
  root.link('/usr/bin/env', '/bin/env')
}

async function addNpm(root: RootFileSystem): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tencent-cert-sync-npm-'))
  try {
    await runProgram(['npm', 'install', '--silent', '--no-save', '--ignore-scripts', '--prefix', folder, npm])
    const home = '/usr/local/lib/node_modules/npm'
    root.folder(home)
    cpSync(join(folder, 'node_modules', 'npm'), root.at(home), { recursive: true })
    for (const name of ['npm', 'npx']) root.link(`/usr/local/bin/${name}`, `${home}/bin/${name}-cli.js`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function registry(): Promise<string> {
  return (await runProgram(['npm', 'config', 'get', 'registry'])).trim()
}
