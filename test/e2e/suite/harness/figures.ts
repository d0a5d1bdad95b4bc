import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { e2eEnvironment } from './environment.ts'

/** Something that was measured, for the table at the end. */
export interface Figure {
  /** The same name again replaces the figure. */
  readonly name: string
  /** With its unit, as people read it: "1.3 s", "84 MiB". */
  readonly value: string
}

/** Puts a figure into the table that `npm run e2e` prints at its end. */
export function reportFigure(name: string, value: string): void {
  appendFileSync(e2eEnvironment().figures, `${JSON.stringify({ name, value })}\n`)
}

/** The figures of a file, in the order in which they were first told. */
export function readFigures(file: string): Figure[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  const told = lines.map((line) => JSON.parse(line) as Figure)
  return [...new Map(told.map(({ name, value }) => [name, value]))].map(([name, value]) => ({ name, value }))
}
