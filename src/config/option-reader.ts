import { environmentVariable, type Option } from './option.ts'
import type { Quote } from './quote.ts'

type Texts = ReadonlyMap<string, string>

/** Finds the text of an option (flag, else variable, else default) and makes a value of it. */
export class OptionReader {
  readonly #flags: Texts
  readonly #variables: Texts
  readonly #quote: Quote

  /** Both maps are by flag without dashes. */
  constructor(flags: Texts, variables: Texts, quote: Quote) {
    this.#flags = flags
    this.#variables = variables
    this.#quote = quote
  }

  /** Whether somebody set it, or it has a default. */
  isGiven(option: Option<unknown>): boolean {
    return this.#text(option) !== undefined
  }

  /** What is wrong with an option, in words; undefined when nothing is. */
  problem(option: Option<unknown>): string | undefined {
    const { flag, required, example } = option
    const text = this.#text(option)
    if (text === undefined) {
      return required && `--${flag}: required; ${required}; for example: --${flag} ${quoteForShell(example)}`
    }
    const parsed = option.parse(text)
    if ('value' in parsed) return undefined
    const variable = environmentVariable(option)
    const [source, way] = this.#flags.has(flag) ? ['', `--${flag}`] : [` (from ${variable})`, variable]
    const instance = option.placeholder !== undefined && way !== variable ? `${way} ` : `${way}=`
    const got = parsed.secret ? '(not shown)' : text === '' ? 'nothing' : this.#quote(text)
    return `--${flag}${source}: got ${got}, expected ${parsed.expected}; for example: ${instance}${quoteForShell(example)}`
  }

  /** The value of an option that has no problem. Throws a TypeError where it has one, or no text. */
  value<T>(option: Option<T>): T {
    const parsed = option.parse(this.#text(option) ?? '')
    if (!('value' in parsed)) throw new TypeError(`--${option.flag} has no value`)
    return parsed.value
  }

  /** The same, but undefined where the option is not given and has no default. */
  optional<T>(option: Option<T>): T | undefined {
    return this.isGiven(option) ? this.value(option) : undefined
  }

  #text({ flag, default: otherwise }: Option<unknown>): string | undefined {
    return this.#flags.get(flag) ?? this.#variables.get(flag) ?? otherwise
  }
}

function quoteForShell(text: string): string {
  return /^[\w./:@,=+[\]-]+$/.test(text) ? text : `'${text}'`
}
