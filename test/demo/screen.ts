import type { Row } from './board.ts'
import { PlainScreen } from './plain-screen.ts'
import type { Size } from './table.ts'
import { TerminalScreen } from './terminal-screen.ts'

/** Draws what fits: lines without line breaks. Called again and again while it is shown. */
export type Frame = (size: Size) => readonly string[]

/** Where the demo shows itself. */
export interface Screen {
  /** Lines that stay. */
  say(text: string): void
  /** Keeps a picture up to date below all that was said, where that is possible. */
  show(frame: Frame): void
  /** Leaves the last picture where it is. */
  freeze(): void
  /** Takes the picture away. */
  hide(): void
  /** The outcome of a write can be read; a picture shows it anyway. */
  settled(row: Row): void
  /** What is going on now; a picture shows it anyway. */
  note(text: string): void
  /** Time to read, where somebody watches. */
  pause(): Promise<void>
}

/** A picture that is kept up to date in a terminal, lines elsewhere (or with `plain`). */
export function openScreen({ plain }: { readonly plain: boolean }): Screen {
  const { stdout } = process
  return stdout.isTTY && !plain && process.env['TERM'] !== 'dumb'
    ? new TerminalScreen(stdout)
    : new PlainScreen(stdout)
}
