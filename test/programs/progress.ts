import { rmSync, writeFileSync } from 'node:fs'
import { SingleBar } from 'cli-progress'

/** Tells people how far a long preparation is: a bar in a terminal, a line every 15 s elsewhere, both on stderr. */
export interface Progress {
  /** Starts a step; `total` 0 means that nobody knows how many there will be. */
  step(what: string, unit: string, total: number, done?: number): void
  /** How many units of the step are done now. */
  update(done: number): void
  /** A line of its own. */
  say(text: string): void
  /** The end of the last step. */
  stop(): void
}

/** How often a line is printed where there is no terminal, ms. */
export const lineEveryMs = 15_000

/** What a step looks like in words: "packages built: 1,043 of 2,140, about 2 min left". */
export function describeStep(
  what: string,
  unit: string,
  done: number,
  total: number,
  leftMs: number | undefined,
) {
  const count = (units: number) => units.toLocaleString('en')
  const left = leftMs === undefined || done >= total ? '' : `, ${inWords(leftMs)} left`
  return total === 0
    ? `${what}: ${count(done)} ${unit}`
    : `${what}: ${count(done)} of ${count(total)} ${unit}${left}`
}

/** A duration as people say it: "about 3 min", "about 40 s". */
export function inWords(ms: number): string {
  const seconds = Math.max(10, Math.ceil(ms / 10_000) * 10)
  return seconds < 90 ? `about ${seconds} s` : `about ${Math.round(seconds / 60)} min`
}

/**
 * The time left at the pace of the last 30 s: packages of the standard library go by much faster than those of
 * Kubernetes after them, so the pace since the start would promise too much.
 */
export class Pace {
  readonly #samples: { at: number; done: number }[] = []

  add(at: number, done: number): void {
    this.#samples.push({ at, done })
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) > 30_000) this.#samples.shift()
  }

  /** ms until `total`; undefined as long as nothing is known. */
  left(total: number): number | undefined {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined || last.done === first.done) return undefined
    return ((last.at - first.at) / (last.done - first.done)) * (total - last.done)
  }
}

/** Progress on stderr. The line goes to `statusFile` too, for other processes that wait for this one. */
export class StderrProgress implements Progress {
  readonly #statusFile: string
  readonly #stream: NodeJS.WriteStream
  #bar: SingleBar | undefined
  #timer: NodeJS.Timeout | undefined
  #step = { what: '', unit: '', total: 0, done: 0 }
  #pace = new Pace()

  constructor(statusFile: string, stream: NodeJS.WriteStream = process.stderr) {
    this.#statusFile = statusFile
    this.#stream = stream
  }

  step(what: string, unit: string, total: number, done = 0): void {
    this.stop()
    // Of one that was killed.
    rmSync(this.#statusFile, { force: true })
    this.#step = { what, unit, total, done }
    this.#pace = new Pace()
    this.#pace.add(performance.now(), done)
    if (this.#stream.isTTY) {
      const format = total === 0 ? '{line}' : '[{bar}] {line}'
      this.#bar = new SingleBar({ format, stream: this.#stream, barsize: 25, barCompleteChar: '=', fps: 5 })
      this.#bar.start(Math.max(total, 1), done, { line: this.#line() })
    }
    this.#timer = setInterval(() => this.#tick(), this.#bar === undefined ? lineEveryMs : 1_000)
  }

  update(done: number): void {
    this.#step.done = done
    this.#pace.add(performance.now(), done)
    this.#bar?.update(done, { line: this.#line() })
  }

  say(text: string): void {
    this.stop()
    this.#stream.write(`${text}\n`)
  }

  stop(): void {
    // Who has no step only waits: the file is then another one's.
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#bar?.stop()
    this.#bar = undefined
    rmSync(this.#statusFile, { force: true })
  }

  #tick(): void {
    const line = this.#line()
    if (this.#bar === undefined) this.#stream.write(`${line}\n`)
    else this.#bar.update({ line })
    writeFileSync(this.#statusFile, line)
  }

  #line(): string {
    const { what, unit, total, done } = this.#step
    return describeStep(what, unit, done, total, this.#pace.left(total))
  }
}
