import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addresses } from './addresses.ts'
import { containerdConfig } from './containerd-config.ts'
import { dnsConfig } from './dns-config.ts'
import { kubeletConfig } from './kubelet-config.ts'
import type { Layout } from './layout.ts'
import { networkConfig } from './network-config.ts'
import { proxyConfig } from './proxy-config.ts'

/** Writes the configuration of every program of the node that reads one from a file. */
export function writeConfigFiles(files: Layout, found: { networkPlugins: string; pauseImage: string }): void {
  mkdirSync(files.networkConfigFolder)
  writeFileSync(files.containerdConfig, containerdConfig(files, found))
  writeJson(join(files.networkConfigFolder, '10-bridge.conflist'), networkConfig())
  writeJson(files.kubeletConfig, kubeletConfig(files))
  writeJson(files.proxyConfig, proxyConfig(files))
  writeFileSync(files.dnsConfig, dnsConfig(files))
  writeFileSync(files.resolvConf, `nameserver ${addresses.node}\noptions timeout:1 attempts:1\n`)
}

/** JSON is YAML. */
function writeJson(path: string, content: unknown): void {
  writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`)
}
