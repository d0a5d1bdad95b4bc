import type { Frame, Screen } from './screen.ts'
import type { Size } from './table.ts'

/** No terminal: keeps what one of this size would show, with colours, and the last picture of each act. */
export class RecordingScreen implements Screen {
  readonly #size: Size
  readonly #lines: string[] = []
  #frame: Frame | undefined

  constructor(size: Size) {
    this.#size = size
  }

  /** Everything that stayed on the screen so far. */
  get lines(): readonly string[] {
    return this.#lines
  }

  say(text: string): void {
    this.#lines.push(...text.split('\n'))
  }

  show(frame: Frame): void {
    this.#frame = frame
  }

  freeze(): void {
    // A terminal leaves its last line and column free, see TerminalScreen.
    const { columns, rows } = this.#size
    this.#lines.push(...(this.#frame?.({ columns: columns - 1, rows: rows - 1 }) ?? []))
    this.#frame = undefined
  }

  hide(): void {
    this.#frame = undefined
  }

  settled(): void {}

  note(): void {}

  async pause(): Promise<void> {}
}
