import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { createTemporaryFolder } from '../../control-plane/temporary-folder.ts'
import { createLeaf } from '../../fixtures/certificates.ts'
import { runProgram } from '../../programs/run-program.ts'
import { e2eEnvironment } from './harness/environment.ts'
import { useWorld } from './harness/use-world.ts'

/* What Helm prints after an installation, taken at its word: every command is typed as it stands there. */

const later = 'credentials-of-later'
const world = useWorld('notes', { install: false, values: { credentials: { existingSecret: later } } })

/** The commands of the notes, those that go on over several lines as one. */
async function commands(): Promise<string[]> {
  const { release } = world()
  const notes = await release.helm('get', 'notes', release.name)
  const whole = notes.replaceAll(/\\\n */g, '')
  return [...whole.matchAll(/^ {2}(kubectl .*)$/gm)].map(([, command = '']) => command)
}

/** Types a command at a shell; its stdout. */
function type(command: string): Promise<string> {
  const PATH = [dirname(e2eEnvironment().kubectl), process.env['PATH']].join(delimiter)
  // kubectl keeps what it learns of a cluster at home.
  const env = { PATH, HOME: tmpdir(), KUBECONFIG: world().kubeconfig }
  return runProgram(['sh', '-c', command], { env })
}

/** The one command of the notes with these words, its words in capitals replaced. */
async function noted(words: string, replaced: Readonly<Record<string, string>> = {}): Promise<string> {
  const found = (await commands()).filter((each) => each.includes(words))
  expect(found).toHaveLength(1)
  return (found[0] ?? '').replaceAll(/\b[A-Z]+\b/g, (word) => replaced[word] ?? word)
}

test('the pods wait for their credentials, and the notes say how to give them', async () => {
  const { release, credentials } = world()
  await release.install({}, { wait: false })
  const folder = createTemporaryFolder()
  try {
    const files = { id: join(folder, 'id'), key: join(folder, 'key') }
    writeFileSync(files.id, `${credentials.secretId}\n`)
    writeFileSync(files.key, `${credentials.secretKey}\n`)
    const command = await noted('create secret')
    expect(command).toContain(` ${later} `)
    await type(command.replace('_ID=FILE', `_ID=${files.id}`).replace('_KEY=FILE', `_KEY=${files.key}`))
  } finally {
    rmSync(folder, { recursive: true })
  }
  expect(await type(await noted('rollout status'))).toContain('successfully rolled out')
})

test('once they are there, the notes do not ask for credentials any more', async () => {
  await world().release.install()
  expect((await commands()).some((each) => each.includes('create secret'))).toBe(false)
})

test('a Secret is opted in, its Event seen and its CertificateId read with the commands of the notes', async () => {
  const { namespace } = world()
  const chain = [await createLeaf({ commonName: 'noted.example.com' })]
  await world().createSecret('noted', { chain, optedIn: false })
  const replaced = { NAMESPACE: namespace, NAME: 'noted' }
  await type(await noted('annotate', replaced))
  const { uploaded } = await world().eventuallySynced('noted')
  const events = await type(await noted('events --for', replaced))
  expect(events).toMatch(/Normal\s+CertificateUploaded\s+Secret\/noted/)
  expect(events).toContain(uploaded?.certificateId)
  expect(await type(await noted('jsonpath', replaced))).toBe(uploaded?.certificateId)
})
