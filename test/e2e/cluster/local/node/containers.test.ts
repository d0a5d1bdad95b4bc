import { expect, test } from 'vitest'
import { runningProcesses } from './containers.ts'

test('containers that have a process are read from the table, those that have ended are not', () => {
  const table = `TASK    PID    STATUS
aaa     292    RUNNING
bbb     436    STOPPED
ccc     437    PAUSED
`
  expect(runningProcesses(table)).toEqual([
    { id: 'aaa', pid: 292 },
    { id: 'ccc', pid: 437 },
  ])
  expect(runningProcesses('TASK    PID    STATUS\n')).toEqual([])
})
