import { parseArgs } from 'node:util'
import { optionOfFlag } from './options.ts'
import type { Quote } from './quote.ts'
import { suggestion } from './suggestion.ts'

/** The arguments, before any value is parsed. */
export interface CommandLine {
  /** By flag without dashes. */
  readonly texts: ReadonlyMap<string, string>
  readonly help: boolean
  readonly version: boolean
  readonly problems: readonly string[]
}

const questions = ['help', 'version']

const parseOptions = {
  ...Object.fromEntries(
    [...optionOfFlag.values()].map(({ flag, placeholder }) => [
      flag,
      { type: placeholder === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  ),
  help: { type: 'boolean' as const, short: 'h' },
  version: { type: 'boolean' as const },
}

/** Reads the arguments to the end, whatever they are. */
export function readCommandLine(args: readonly string[], quote: Quote): CommandLine {
  const texts = new Map<string, string>()
  const asked = new Set<string>()
  const problems: string[] = []
  // What follows a flag that is not known may be its value, and a secret: it is neither judged nor shown.
  let unknownAt = Number.NEGATIVE_INFINITY

  for (const { name, rawName, index, value, missing } of tokens(args)) {
    const perhapsValue = index === unknownAt + 1 && !rawName.startsWith('--')
    if (name === undefined) {
      if (!perhapsValue) problems.push(`${quote(value ?? '')}: not expected; every option starts with "--"`)
    } else if (questions.includes(name)) {
      asked.add(name)
    } else if (!optionOfFlag.has(name)) {
      // `-abc` is three tokens of one argument.
      if (!perhapsValue && index !== unknownAt) problems.push(unknown(name, quote(rawName)))
      if (value === undefined && !perhapsValue) unknownAt = index
    } else if (texts.has(name)) {
      problems.push(`--${name}: given twice, expected once`)
    } else {
      texts.set(name, missing ? '' : (value ?? (isSwitch(name) ? 'true' : '')))
    }
  }
  return { texts, help: asked.has('help'), version: asked.has('version'), problems }
}

function isSwitch(flag: string): boolean {
  return optionOfFlag.get(flag)?.placeholder === undefined
}

interface Token {
  /** Of a flag. */
  readonly name?: string
  readonly rawName: string
  readonly index: number
  readonly value: string | undefined
  /** The flag wants a value, and another flag follows. */
  readonly missing: boolean
}

function* tokens(args: readonly string[], from = 0): Generator<Token> {
  const parsed = parseArgs({
    args: args.slice(from),
    options: parseOptions,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  for (const token of parsed.tokens) {
    const index = from + token.index
    if (token.kind === 'positional') yield { rawName: '', index, value: token.value, missing: false }
    if (token.kind !== 'option') continue
    // `--namespaces --dry-run`: the tokenizer takes the second for the value of the first.
    const missing = token.inlineValue === false && token.value?.startsWith('--') === true
    yield { name: token.name, rawName: token.rawName, index, value: token.value, missing }
    if (missing) return yield* tokens(args, index + 1)
  }
}

function unknown(name: string, shown: string): string {
  if (/secret|key|token|password|credential/i.test(name)) {
    return `${shown}: there is no such option; credentials come from TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or --credentials-directory`
  }
  const meant = suggestion(name, [...optionOfFlag.keys(), ...questions])
  return meant === undefined
    ? `${shown}: there is no such option, see --help`
    : `${shown}: there is no such option, did you mean --${meant}?`
}
