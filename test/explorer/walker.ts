import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { type Exploration, explore, type Limits } from './explorer.ts'
import { profileNamed } from './profiles.ts'

interface Order extends Limits {
  readonly profile: string
}

type Message = { readonly progress: string } | { readonly result: Exploration }

/** Walks one profile in a thread of its own. */
export function walkInThread(order: Order, progress: (text: string) => void): Promise<Exploration> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: order })
    worker.on('message', (message: Message) => {
      if ('progress' in message) progress(message.progress)
      else resolve(message.result)
    })
    worker.on('error', reject)
    worker.on('exit', (code) => reject(new Error(`the walk of ${order.profile} ended with code ${code}`)))
  })
}

if (!isMainThread && parentPort) {
  const { profile, ...limits } = workerData as Order
  const post = (message: Message) => parentPort?.postMessage(message)
  const result = await explore(profileNamed(profile), limits, (states, events) =>
    post({ progress: `${profile}: ${states} states, ${events} events` }),
  )
  post({ result })
}
