import { setTimeout as sleep } from 'node:timers/promises'
import { createLogUpdate } from 'log-update'
import type { Frame, Screen } from './screen.ts'

const redrawMs = 100
const readingMs = 3_000

/** A terminal: the picture is drawn over itself, and only where it changed. */
export class TerminalScreen implements Screen {
  readonly #stream: NodeJS.WriteStream
  readonly #picture: ReturnType<typeof createLogUpdate>
  readonly #redraw = () => this.#draw()
  #frame: Frame | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    this.#picture = createLogUpdate(stream)
  }

  say(text: string): void {
    if (this.#frame !== undefined) this.#picture.clear()
    this.#stream.write(`${text}\n`)
    this.#draw()
  }

  show(frame: Frame): void {
    this.#frame = frame
    this.#timer ??= setInterval(this.#redraw, redrawMs)
    this.#stream.on('resize', this.#redraw)
    this.#draw()
  }

  freeze(): void {
    this.#draw()
    this.#stop()
    this.#picture.done()
  }

  hide(): void {
    this.#stop()
    this.#picture.clear()
    this.#picture.done()
  }

  settled(): void {}

  note(): void {}

  async pause(): Promise<void> {
    await sleep(readingMs)
  }

  #stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#stream.off('resize', this.#redraw)
    this.#frame = undefined
  }

  #draw(): void {
    // Some pseudo-terminals say that they have no size at all.
    const size = { columns: this.#stream.columns || 80, rows: this.#stream.rows || 24 }
    // A full last line or column would make the terminal scroll or wrap.
    const lines = this.#frame?.({ columns: size.columns - 1, rows: size.rows - 1 })
    if (lines !== undefined) this.#picture(lines.join('\n'))
  }
}
