import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from '../programs/run-program.ts'
import { buildInputs, contextFolder } from './operator-image.ts'

/** Builds the bundle of the sources as they are now in `folder`, as the Dockerfile does, and returns it. */
export async function buildBundle(folder: string): Promise<Buffer> {
  mkdirSync(folder, { recursive: true })
  for (const path of buildInputs()) {
    cpSync(join(contextFolder, path), join(folder, path), { recursive: true })
  }
  symlinkSync(join(contextFolder, 'node_modules'), join(folder, 'node_modules'))
  await runProgram(['npm', 'run', '--silent', 'build'], { cwd: folder })
  return readFileSync(join(folder, 'dist/tencent-cert-sync.js'))
}
