import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A new empty folder that goes when the running test is over. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tencent-cert-sync-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
