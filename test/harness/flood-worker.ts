import { connect } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import type { FloodOptions } from './flood.ts'

/** A pause before a closed connection is opened again, ms: bounds the load on the machine. */
const reopenMs = 250

const { port, connections, sends, everyMs, reads } = workerData as FloodOptions
let opened = 0

function open(): void {
  const socket = connect({ port, host: '127.0.0.1' })
  let timer: NodeJS.Timeout | undefined
  const send = () => {
    if (socket.writableLength === 0) socket.write(sends)
  }
  socket.on('connect', () => {
    opened += 1
    parentPort?.postMessage(opened)
    send()
    timer = setInterval(send, everyMs)
  })
  if (reads) socket.resume()
  // Without a reader, only a failed write shows that the other side is gone.
  else socket.pause()
  socket.on('error', () => {})
  socket.on('close', () => {
    clearInterval(timer)
    setTimeout(open, reopenMs)
  })
}

for (let index = 0; index < connections; index++) open()
