import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { GoProgramSet } from '../../programs/go-program-set.ts'

const module = fileURLToPath(new URL('.', import.meta.url))

/** Of the cert-manager module that go.mod pins: "v1.21.2". */
export const certManagerVersion = versionIn(readFileSync(new URL('./go.mod', import.meta.url), 'utf8'))

/** cert-manager's control loops as one program: `main.go`. */
export const certManagerProgram = {
  name: `cert-manager-${certManagerVersion.slice(1)}`,
  title: `cert-manager's controllers ${certManagerVersion}`,
  module,
  programs: { 'cert-manager': 'tencent-cert-sync/test/e2e/cert-manager' },
  linkerFlags: [`-X github.com/cert-manager/cert-manager/pkg/util.AppVersion=${certManagerVersion}`],
} as const satisfies GoProgramSet

function versionIn(goMod: string): string {
  const version = /cert-manager\/cert-manager (v\S+)/.exec(goMod)?.[1]
  if (version === undefined) throw new Error('go.mod does not require cert-manager')
  return version
}
