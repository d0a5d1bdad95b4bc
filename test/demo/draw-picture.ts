/**
 * Plays the demo and draws what it showed: docs/demo.svg. Takes as long as the demo, `npm run picture`. Nothing else
 * needs it: times, ids and ports differ from run to run, so the picture is renewed when the demo has changed.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { kill } from './act-kill.ts'
import { excerpt } from './excerpt.ts'
import { RecordingScreen } from './recording-screen.ts'
import { Show } from './show.ts'
import { terminalSvg } from './terminal-svg.ts'

// What is drawn has colours, wherever this runs.
process.env['FORCE_COLOR'] = '1'
delete process.env['NO_COLOR']

const file = fileURLToPath(new URL('../../docs/demo.svg', import.meta.url))
const size = { columns: 80, rows: 24 }

const screen = new RecordingScreen(size)
const show = await Show.open(screen)
const held = await show.play()
await show.close()
if (!held) {
  console.error(screen.lines.join('\n'))
  process.exit(1)
}
const frame = {
  title: 'npm run demo',
  description: `The demo of tencent-cert-sync: ${kill.title}`,
  columns: size.columns,
}
writeFileSync(file, terminalSvg(excerpt(screen.lines, kill.title), frame))
console.log('docs/demo.svg was drawn')
process.exit(0)
