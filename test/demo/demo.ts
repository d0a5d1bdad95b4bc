import { eventually } from '../harness/eventually.ts'
import type { Board } from './board.ts'
import type { Claim } from './claims.ts'
import type { Member } from './member.ts'
import { drawPicture } from './picture.ts'
import type { Screen } from './screen.ts'
import type { Cast } from './secrets.ts'
import { namespace, type Stage } from './stage.ts'
import { bold, dim, green, red } from './style.ts'

/** What every act works with. */
export interface Demo {
  readonly stage: Stage
  readonly cast: Cast
  readonly board: Board
  readonly screen: Screen
}

/** One act: something happens, and then the promises that it was about are held against the world. */
export interface Act {
  readonly title: string
  /** What is going to happen, in one line. */
  readonly about: string
  /** How many promises it claims to have kept. */
  readonly promises: number
  /** No table: nothing is going to change. */
  readonly still?: boolean
  /** @param tell says what the operator is doing */
  play(demo: Demo, tell: (operator: string) => void): Promise<Claim[]>
}

/** Longer than anything takes, short enough to wait for: what has not happened by then is a broken promise. */
const patienceMs = 30_000

/** Plays an act under this number. @returns its claims, which have been shown */
export async function playAct(demo: Demo, number: number, act: Act): Promise<Claim[]> {
  const { stage, board, screen } = demo
  const { simulator } = stage
  screen.say(`\n${bold(`${number}  ${act.title}`)}\n${dim(`   ${act.about}`)}`)
  board.beginAct()
  let operator = running(stage)
  screen.show((size) => {
    const uploads = simulator.calls('UploadCertificate').length
    const maxInAnySecond = simulator.maxInAnySecond('UploadCertificate')
    const rows = board.rows(performance.now())
    return act.still ? [`   ${operator}`] : drawPicture({ rows, operator, uploads, maxInAnySecond }, size)
  })
  const claims = await act.play(demo, (text) => {
    operator = text
    screen.note(text)
  })
  if (claims.length !== act.promises)
    throw new Error(`${act.title}: ${claims.length} promises, not ${act.promises}`)
  if (act.still) screen.hide()
  else screen.freeze()
  screen.say(['', ...claims.map(claimText)].join('\n'))
  await screen.pause()
  return claims
}

/** `operator 4711` */
export function running({ operator }: Stage): string {
  return `operator ${operator.pid}`
}

/** A claim as it is shown: a check mark, or a cross and what contradicts it. */
export function claimText({ promise, broken }: Claim): string {
  if (broken.length === 0) return `   ${green('✓')} ${promise}`
  const shown = broken.slice(0, 5).map((each) => `\n       ${each}`)
  const more = broken.length > 5 ? `\n       and ${broken.length - 5} more` : ''
  return `   ${red('✗')} ${bold(promise)}: ${red('broken')}${shown.join('')}${more}`
}

/** Writes a Secret as it is to be: creates it, or replaces its data and the annotations that are named. */
export async function write({ stage, board }: Demo, member: Member): Promise<void> {
  const { admin } = stage.controlPlane
  const { name, annotations, data } = member
  const isNew = !board.members.some((each) => each.name === name)
  board.writing(member, performance.now())
  if (isNew) await admin.createTlsSecret(namespace, name, { annotations, data })
  else await admin.updateSecret(namespace, name, { annotations, data })
}

/** Resolves when every outcome can be read; after a while in any case, so that the claims can say what is missing. */
export async function settle({ stage, board }: Demo): Promise<void> {
  const done = () => board.waiting.length === 0 || !stage.operator.running
  await eventually('every outcome can be read', done, { timeoutMs: patienceMs }).catch(() => undefined)
}
