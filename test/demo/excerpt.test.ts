import { styleText } from 'node:util'
import { expect, test } from 'vitest'
import { excerpt } from './excerpt.ts'
import { RecordingScreen } from './recording-screen.ts'

const heading = (text: string) => styleText('bold', text, { validateStream: false })

function recorded(): RecordingScreen {
  const screen = new RecordingScreen({ columns: 80, rows: 24 })
  screen.show(() => ['… starts'])
  screen.hide()
  screen.say('the demo\n')
  screen.say(heading('1  First sync'))
  screen.show(({ columns, rows }) => [`table of ${columns} by ${rows}`])
  screen.freeze()
  screen.say('held')
  screen.say(heading('2  Renewal'))
  screen.say('held too')
  screen.say('All held.')
  return screen
}

test('an excerpt has the beginning, one act with its last picture, and the last line', () => {
  expect(excerpt(recorded().lines, 'First sync')).toEqual([
    'the demo',
    '',
    heading('1  First sync'),
    'table of 79 by 23',
    'held',
    'All held.',
  ])
})

test('an act that was not played is an error', () => {
  expect(() => excerpt(recorded().lines, 'Encore')).toThrow('no act "Encore"')
})
