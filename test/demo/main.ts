import { existsSync } from 'node:fs'
import { bundleFile } from '../harness/operator-process.ts'
import { type Arguments, help, readArguments } from './arguments.ts'
import { openScreen } from './screen.ts'
import { Show } from './show.ts'

/** Exit codes: 0 all promises hold, 1 one does not or the demo cannot go on, 2 usage, 130 Ctrl-C. */
async function main(): Promise<number> {
  let args: Arguments
  try {
    args = readArguments(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\nTry: npm run demo -- --help\n`)
    return 2
  }
  if (args.help) {
    process.stdout.write(help)
    return 0
  }
  if (!existsSync(bundleFile)) {
    process.stderr.write('The operator is not built. Try: npm run build\n')
    return 1
  }
  const screen = openScreen(args)
  // Everything that was started ends with this process, at once and by itself.
  let exitCode = 130
  const end = () => {
    screen.freeze()
    screen.say('\nStopped. Nothing is left behind.')
    process.exit(exitCode)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
  process.stdout.on('error', () => process.exit(1))
  try {
    const show = await Show.open(screen)
    exitCode = (await show.play()) ? 0 : 1
    if (args.keep) await show.keep()
    screen.say('To look around and to try it yourself: npm run demo -- --keep')
    await show.close()
    return exitCode
  } catch (error) {
    screen.hide()
    process.stderr.write(`The demo cannot go on: ${messageOf(error)}\n`)
    return 1
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

process.exit(await main())
