import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from '../../../../programs/run-program.ts'
import { kernelSettings } from '../kubelet-config.ts'
import type { Layout } from '../layout.ts'
import { standardFolders } from '../standard-folders.ts'

/** Makes the node see its own /run, its own standard folders and the kernel settings that the kubelet wants. */
export async function prepareMounts(files: Layout): Promise<void> {
  await mount('--make-rprivate', '/')
  await mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run')
  for (const folder of standardFolders) {
    const own = join(files.standardFolders, folder)
    mkdirSync(own, { recursive: true })
    await mount('--bind', own, folder)
  }
  // Volumes mounted by the kubelet, and the pods' networks, have to be seen by those who start later.
  await mount('--make-rshared', '/var/lib/kubelet')
  mkdirSync('/run/netns')
  await mount('-t', 'tmpfs', 'tmpfs', '/run/netns')
  await mount('--make-rshared', '/run/netns')
  mkdirSync(files.kernelSettings, { recursive: true })
  for (const [name, value] of Object.entries(kernelSettings)) {
    const shown = join(files.kernelSettings, name.replaceAll('/', '.'))
    writeFileSync(shown, `${value}\n`)
    await mount('--bind', shown, join('/proc/sys', name))
  }
}

async function mount(...args: string[]): Promise<void> {
  await runProgram(['mount', ...args])
}
