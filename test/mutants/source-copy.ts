import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mutant } from './mutant.ts'
import { mutate } from './mutate.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))
const parts = ['src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts']

/** A copy of the project in a temporary folder, its packages linked: what is done to it nobody else sees. */
export class SourceCopy {
  readonly folder = mkdtempSync(join(tmpdir(), 'tencent-cert-sync-mutants-'))

  constructor() {
    for (const part of parts) cpSync(join(project, part), join(this.folder, part), { recursive: true })
    symlinkSync(join(project, 'node_modules'), join(this.folder, 'node_modules'))
  }

  /**
   * Puts a sabotage in place. Returns a function that takes it back.
   * @throws Error when the original is not there exactly once
   */
  apply(mutant: Mutant): () => void {
    const file = join(this.folder, mutant.file)
    const source = readFileSync(file, 'utf8')
    writeFileSync(file, mutate(source, mutant))
    return () => writeFileSync(file, source)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  }
}

/** The source of the mutant's file as it is in the project. */
export function sourceOf({ file }: Mutant): string {
  return readFileSync(join(project, file), 'utf8')
}
