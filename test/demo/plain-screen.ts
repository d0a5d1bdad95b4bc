import type { Row } from './board.ts'
import { latencyText, phaseText, reasonText, sign } from './row-text.ts'
import type { Screen } from './screen.ts'

/** No terminal: a line for each Secret whose outcome can be read, and no picture. */
export class PlainScreen implements Screen {
  readonly #stream: NodeJS.WritableStream

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream
  }

  say(text: string): void {
    this.#stream.write(`${text}\n`)
  }

  show(): void {}

  freeze(): void {}

  hide(): void {}

  settled(row: Row): void {
    const { name, about, certificateId = '' } = row
    const cells = [
      sign(row),
      name.padEnd(12),
      phaseText(row).padEnd(8),
      reasonText(row).padEnd(21),
      certificateId.padEnd(8),
      latencyText(row, 7),
      ` ${about}`,
    ]
    this.say(`  ${cells.join(' ')}`)
  }

  note(text: string): void {
    this.say(`  ${text}`)
  }

  async pause(): Promise<void> {}
}
