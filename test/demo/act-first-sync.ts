import { setTimeout as sleep } from 'node:timers/promises'
import { everyStatusIsTrue, neverTooFast, noCertificateTwice } from './claims.ts'
import {
  brokenOnesAreReported,
  othersAreLeftAlone,
  sharedOnesAreUploadedOnce,
  temporaryOnesWait,
} from './claims-first-sync.ts'
import { type Act, settle, write } from './demo.ts'
import { gather } from './evidence.ts'

/** Somebody types; one Secret after the other is there. ms */
const betweenMs = 200

/** After its start the operator lets a second pass before the first call: another one may have died just now. */
const startHoldMs = 1_000

export const firstSync: Act = {
  title: 'First sync',
  about: 'Secrets of every kind appear one by one, then a dozen at the same moment.',
  promises: 7,
  async play(demo) {
    const { cast, stage, board } = demo
    await sleep(startHoldMs)
    for (const member of cast.characters) {
      await Promise.all([write(demo, member), sleep(betweenMs)])
    }
    await Promise.all(cast.crowd.map((member) => write(demo, member)))
    await settle(demo)
    const evidence = await gather(stage, board)
    return [
      everyStatusIsTrue(evidence),
      sharedOnesAreUploadedOnce(evidence, ['twin-one', 'twin-two']),
      brokenOnesAreReported(evidence),
      temporaryOnesWait(evidence),
      othersAreLeftAlone(evidence),
      noCertificateTwice(evidence),
      neverTooFast(evidence),
    ]
  },
}
