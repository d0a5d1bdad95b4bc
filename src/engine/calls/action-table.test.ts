import { expect, test } from 'vitest'
import { actions, actionTable } from './action-table.ts'

test('every action has a limit that the slots of a lane can keep', () => {
  expect(actions.length).toBeGreaterThan(0)
  for (const action of actions) expect(actionTable[action].callsPerSecond).toBeGreaterThanOrEqual(1)
})

test('an upload needs an intent before a copy, and its permission concerns all', () => {
  expect(actionTable.UploadCertificate).toMatchObject({ repeatIsHarmless: false, deniedScope: 'account' })
  for (const action of ['DescribeCertificates', 'CheckCertificateExist'] as const) {
    expect(actionTable[action]).toMatchObject({ repeatIsHarmless: true, deniedScope: 'key' })
  }
})
