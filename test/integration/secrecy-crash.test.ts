import { hash, type KeyObject } from 'node:crypto'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import type { OperatorProcess } from '../harness/operator-process.ts'
import { issuer, SecrecyScene } from '../harness/secrecy-scene.ts'
import { eventually } from '../harness/world.ts'

const cluster = sharedCluster()
afterAll(() => cluster.close())

async function inScene(run: (scene: SecrecyScene) => Promise<void>): Promise<void> {
  await using scene = await SecrecyScene.create(cluster)
  await run(scene)
}

/** Flags that load a module of ours before the bundle. */
function preload(source: string): { extraNodeFlags: string[] } {
  return { extraNodeFlags: [`--import=data:text/javascript,${encodeURIComponent(source)}`] }
}

/** A private key in one text, in forms that are and are not easily recognised. Its source goes into `preload`. */
function tellAll(key: KeyObject): string {
  return [
    key.export({ type: 'pkcs8', format: 'pem' }),
    key.export({ type: 'pkcs8', format: 'der' }).toString('hex'),
    JSON.stringify(key.export({ format: 'jwk' })),
  ].join(' ')
}
const quotingError = 'Object.assign(new Error("bad key " + told, { cause: new Error(told) }), { told, key })'
/** Ways to go down, with the key at hand, and how the process ends: with an exit code, or by a signal (null). */
const crashes: Readonly<Record<string, { what: string; code: number | null }>> = {
  'an error that quotes the key': { what: `throw ${quotingError}`, code: 1 },
  'the key, thrown as it is': { what: 'throw told', code: 1 },
  'a rejection that nobody handles': { what: `Promise.reject(${quotingError})`, code: 1 },
  'an error event that nobody listens to': {
    what: `new EventEmitter().emit('error', ${quotingError})`,
    code: 1,
  },
  'an abort': { what: 'process.abort()', code: null },
  'a signal to abort': { what: "process.kill(process.pid, 'SIGABRT')", code: null },
  'memory that runs out': {
    what: 'for (const all = []; ; ) all.push(Array(1e5).fill(told + all.length))',
    code: null,
  },
}

test.concurrent.for(Object.entries(crashes))(
  'a crash in the middle of an upload shows nothing of the key: %s',
  ([, { what, code }]) =>
    inScene(async (scene) => {
      const { world, canaries, directory } = scene
      const leaf = await scene.leaf('shop')
      await world.createSecret('shop', { chain: [leaf, issuer] })
      const hold = world.simulator.fault({ kind: 'hold', at: 'before-answer' })
      const { extraNodeFlags } = preload(`
        import crypto from 'node:crypto'
        import { EventEmitter } from 'node:events'
        import { syncBuiltinESMExports } from 'node:module'
        const { createPrivateKey } = crypto
        let key
        crypto.createPrivateKey = (...given) => (key = createPrivateKey(...given))
        syncBuiltinESMExports()
        process.on('SIGUSR2', () => {
          const told = (${tellAll})(key)
          process.stderr.write('the hash of what is told is ' + crypto.hash('sha256', told))
          ${what}
        })`)
      const operator = scene.startOperator(
        {},
        { extraNodeFlags: ['--max-old-space-size=80', ...extraNodeFlags] },
      )
      await eventually('the upload waits for its answer', () => hold.holding === 1)

      process.kill(operator.pid, 'SIGUSR2')
      expect(await operator.exited).toBe(code)

      expect(operator.stderr).toContain(`the hash of what is told is ${hash('sha256', tellAll(leaf.key))}`)
      expect(canaries.tracesIn(operator.stdout + operator.stderr)).toEqual([])
      // No report, no profile, no dump; where the system itself writes core files, they are its own.
      expect(readdirSync(directory).filter((file) => !file.startsWith('core'))).toEqual([])
    }),
)

test.concurrent('an unforeseen error about one Secret is reported by its name only', () =>
  inScene(async (scene) => {
    const { world, canaries } = scene
    const leaf = await scene.leaf('shop')
    const operator = scene.startOperator(
      {},
      preload(`
        import { X509Certificate } from 'node:crypto'
        X509Certificate.prototype.checkPrivateKey = (key) => {
          const told = (${tellAll})(key)
          throw ${quotingError}
        }`),
    )
    await world.createSecret('shop', { chain: [leaf, issuer] })
    const failed = () => operator.log().filter((it) => it.msg.startsWith('reconcile failed'))
    await eventually('it fails three times', () => failed().length >= 3)

    expect(failed()[0]).toMatchObject({ namespace: world.namespace, name: 'shop', error: 'Error' })
    const shown = operator.stdout + operator.stderr + (await operator.metrics())
    expect(canaries.tracesIn(shown + (await scene.shownInCluster()))).toEqual([])
    expect(operator.running).toBe(true)
  }))

/**
 * As it runs in the image, the operator could not write a snapshot. Without the limit, V8 leaves out all but the first
 * kilobyte of a string.
 */
const heapFlags = [
  '--allow-fs-write=*',
  '--heapsnapshot-signal=SIGUSR2',
  '--heap-snapshot-string-limit=100000000',
]

/**
 * The names of the Secrets whose key is, wholly or in part, in a string that the operator can reach, after garbage was
 * collected. What lies in freed memory, or in bytes outside of V8's heap, is not seen.
 */
async function keysInHeap(
  { canaries, directory }: SecrecyScene,
  operator: OperatorProcess,
): Promise<string[]> {
  process.kill(operator.pid, 'SIGUSR2')
  await eventually('a heap snapshot begins', () => readdirSync(directory).length > 0)
  // It is written in one go: as soon as anything else is answered, it is complete.
  expect((await operator.health('/healthz')).status).toBe(200)
  const file = join(directory, readdirSync(directory)[0] ?? '')
  const { strings } = JSON.parse(readFileSync(file, 'utf8')) as { strings: string[] }
  rmSync(file)
  return [...canaries.namesIn(strings.join('\n'), 8)].filter((name) => name.startsWith('key of '))
}

test.concurrent('no more keys are in memory than there are workers and slots, and none when all is done', () =>
  inScene(async (scene) => {
    const { world } = scene
    const names = Array.from({ length: 61 }, (_, index) => `shop-${index}`)
    for (const name of names) await world.createSecret(name, { chain: [await scene.leaf(name), issuer] })
    // One is answered: a namespace of which none was leaves some slots to others.
    const hold = world.simulator.fault({ kind: 'hold', at: 'before-answer', skip: 1 })
    const options = { concurrency: '4', 'upload-slots': '10' }
    const operator = scene.startOperator(options, { extraNodeFlags: heapFlags })
    await eventually('ten uploads are under way', () => hold.holding === 10)
    await eventually('the others wait', async () => {
      return (await operator.metric('tencent_cert_sync_queue_depth', { queue: 'UploadCertificate' })) === 50
    })

    const busy = await keysInHeap(scene, operator)
    expect(busy.length).toBeGreaterThanOrEqual(10)
    expect(busy.length).toBeLessThanOrEqual(10 + 4)

    hold.remove()
    for (const name of names) await world.eventuallyStatus(name, 'Synced', (it) => it.phase === 'Synced')
    await eventually('nothing is under way', async () => {
      return (await operator.metric('tencent_cert_sync_oldest_unsynced_seconds')) === 0
    })
    expect(await keysInHeap(scene, operator)).toEqual([])
  }))
