import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { runProgram } from '../programs/run-program.ts'
import type { ContainerEngine } from './container-engine.ts'

/** The files of an image that is made from nothing. Paths are absolute, as in the image. Dispose of it. */
export class RootFileSystem {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tencent-cert-sync-rootfs-'))

  constructor() {
    // It becomes the image's /.
    chmodSync(this.#folder, 0o755)
  }

  /** A folder, with its parents. */
  folder(path: string, mode = 0o755): this {
    mkdirSync(this.at(path), { recursive: true })
    chmodSync(this.at(path), mode)
    return this
  }

  /** A copy of a file of this machine, and of what a link leads to. */
  copy(from: string, path: string, mode = 0o755): this {
    this.folder(dirname(path))
    copyFileSync(from, this.at(path))
    chmodSync(this.at(path), mode)
    return this
  }

  text(path: string, content: string, mode = 0o644): this {
    this.folder(dirname(path))
    writeFileSync(this.at(path), content, { mode })
    return this
  }

  link(path: string, target: string): this {
    this.folder(dirname(path))
    if (lstatSync(this.at(path), { throwIfNoEntry: false }) === undefined) symlinkSync(target, this.at(path))
    return this
  }

  /** Where a path of the image is on this machine. */
  at(path: string): string {
    return join(this.#folder, path)
  }

  /**
   * Makes an image of it, in which everything belongs to root.
   * @param changes instructions of a Dockerfile: `USER 65532:65532`
   */
  async import(engine: ContainerEngine, reference: string, changes: readonly string[]): Promise<void> {
    const tar = `${this.#folder}.tar`
    const owner = ['--numeric-owner', '--owner=0', '--group=0']
    try {
      await runProgram(['tar', '--sort=name', '--mtime=@0', ...owner, '-C', this.#folder, '-cf', tar, '.'])
      await engine.docker('import', ...changes.flatMap((change) => ['--change', change]), tar, reference)
    } finally {
      rmSync(tar, { force: true })
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
