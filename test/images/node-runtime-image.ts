import { existsSync, globSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runProgram } from '../programs/run-program.ts'
import type { ContainerEngine } from './container-engine.ts'
import { RootFileSystem } from './root-file-system.ts'

/** The image that `importNodeRuntime` makes. */
export const nodeRuntimeImage = `local/node-runtime:${process.versions.node}`

/** What a running Node needs, and what makes the image pass for gcr.io/distroless/nodejs24-debian13:nonroot. */
export const nodeRuntimeChanges = [
  'ENV PATH=/nodejs/bin:/usr/local/bin:/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt',
  'USER 65532:65532',
  'WORKDIR /home/nonroot',
  'ENTRYPOINT ["/nodejs/bin/node"]',
]

/**
 * Makes a stand-in for the distroless base, where no registry can be asked: the Node that runs this program, the
 * libraries it is linked with, user 65532, and nothing else. Same paths, user and entry point.
 */
export async function importNodeRuntime(engine: ContainerEngine): Promise<void> {
  using root = new RootFileSystem()
  await addNode(root)
  await root.import(engine, nodeRuntimeImage, nodeRuntimeChanges)
}

/** Puts Node and all that it needs into a file system. */
export async function addNode(root: RootFileSystem): Promise<void> {
  const node = realpathSync(process.execPath)
  root.copy(node, '/nodejs/bin/node')
  for (const library of await libraries(node)) root.copy(library, library)
  for (const folder of ['/proc', '/sys', '/dev', '/app', '/home/nonroot', '/usr/local/bin'])
    root.folder(folder)
  root.folder('/tmp', 0o1777)
  root.text('/etc/passwd', `${users.map((user) => user.join(':')).join('\n')}\n`)
  root.text('/etc/group', `${users.map(([name, , id]) => `${name}:x:${id}:`).join('\n')}\n`)
  root.text('/etc/nsswitch.conf', 'hosts: files dns\n')
  root.text('/etc/ssl/certs/ca-certificates.crt', publicAuthorities())
}

const users = [
  ['root', 'x', 0, 0, '', '/root', '/sbin/nologin'],
  ['nobody', 'x', 65534, 65534, '', '/nonexistent', '/sbin/nologin'],
  ['nonroot', 'x', 65532, 65532, '', '/home/nonroot', '/sbin/nologin'],
] as const

/** Shared libraries, where the loader looks for them; the resolver loads some that no program is linked with. */
async function libraries(program: string): Promise<string[]> {
  const listed = [...(await runProgram(['ldd', program])).matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(
    ([, path = '']) => path,
  )
  const libc = listed.find((path) => path.includes('/libc.so'))
  if (libc === undefined) throw new Error(`${program} is not linked with glibc`)
  const resolver = ['libresolv.so.2', 'libnss_dns.so.2', 'libnss_files.so.2'].map((name) =>
    join(dirname(libc), name),
  )
  return [...new Set([...listed, ...resolver.filter((path) => existsSync(path))])]
}

/** The package's own files: the machine's bundle may hold authorities of its own, which belong into no image. */
function publicAuthorities(): string {
  return globSync('/usr/share/ca-certificates/mozilla/*.crt')
    .sort()
    .map((file) => readFileSync(file, 'utf8'))
    .join('')
}
