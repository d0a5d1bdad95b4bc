import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import type { Exploration } from './explorer.ts'
import { profileNamed, profiles } from './profiles.ts'
import { walkInThread } from './walker.ts'

const help = `Walks every interleaving of a small world: two Secrets with two chains of one leaf, one or two processes of the
operator, and an account of the service. Checks each state: I1, I6, I7, and that it has a way on.

  npm run explore -- [options]

  --depth N       how many things may go wrong, or be done by people, on one way (2)
  --seconds N     how long all profiles take together, at most (60)
  --threads N     how many profiles are walked at a time (2)
  --profile NAME  one behaviour of the service alone: ${profiles.map((it) => it.name).join(', ')}
  --help          this text

Prints how many states were visited and, for a violation, the shortest sequence. Exit code 1 when there is one. What ends
because the time is over was not walked to its end: the table says with how many events everything was.
`

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      depth: { type: 'string', default: '2' },
      seconds: { type: 'string', default: '60' },
      threads: { type: 'string', default: '2' },
      profile: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    return 0
  }
  const chosen = values.profile === undefined ? [...profiles] : [profileNamed(values.profile)]
  const results = await walkAll(
    chosen.map((it) => it.name),
    {
      events: count(values.depth),
      forMs: count(values.seconds) * 1_000,
      threads: count(values.threads) || 1,
    },
  )
  process.stdout.write(`${render(results)}\n`)
  for (const { profile, violations } of results) {
    for (const { problem, moves } of violations) {
      process.stdout.write(`\n${profile}: ${problem}\n${moves.map((it) => `  ${it}\n`).join('')}`)
    }
  }
  return results.some((it) => it.violations.length > 0) ? 1 : 0
}

/** As many at a time as there are threads; what one does not need of its share of the time is the others'. */
async function walkAll(
  names: readonly string[],
  { events, forMs, threads }: { readonly events: number; readonly forMs: number; readonly threads: number },
): Promise<Exploration[]> {
  const end = performance.now() + forMs
  const left = [...names]
  const results: Exploration[] = []
  const work = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const rounds = Math.ceil((left.length + 1) / threads)
      const share = Math.max(0, (end - performance.now()) / rounds)
      const progress = (text: string) => process.stderr.write(`${text}\n`)
      results.push(await walkInThread({ profile: name, events, forMs: share }, progress))
    }
  }
  await Promise.all(Array.from({ length: threads }, work))
  return results
}

function render(results: readonly Exploration[]): string {
  const table = new Table({
    head: ['profile', 'states', 'events walked to their end', 'moves', 'seconds', 'violations'],
    style: { head: [], border: [] },
  })
  for (const { profile, states, events, moves, tookMs, violations } of results) {
    const walked = events < 0 ? 'none' : String(events)
    table.push([profile, states, walked, moves, (tookMs / 1_000).toFixed(1), violations.length])
  }
  const sum = results.reduce((all, it) => all + it.states, 0)
  return `${table.toString()}\n${sum} states`
}

/** @throws Error unless it is a whole number */
function count(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new Error(`"${text}" must be a whole number`)
  return Number(text)
}

process.exitCode = await run()
