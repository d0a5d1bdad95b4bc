import { readFileSync } from 'node:fs'
import { get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import { runProgram } from '../../../../programs/run-program.ts'
import type { NodeProgram } from '../node-programs.ts'

const timeoutMs = 2_000

/** Whether a program says that it is ready. @param caFile signs those who speak TLS to everybody */
export function isServing(ready: NodeProgram['ready'], caFile: string): Promise<boolean> {
  if ('url' in ready) return answers(ready.url, caFile)
  const [program, ...args] = ready.command
  return runProgram([program, ...args]).then(
    () => true,
    () => false,
  )
}

function answers(url: string, caFile: string): Promise<boolean> {
  // On loopback kube-scheduler and kube-controller-manager sign their own certificates.
  const trust = url.includes('//127.0.0.1') ? { rejectUnauthorized: false } : { ca: readFileSync(caFile) }
  return new Promise((resolve) => {
    const answered = (status: number | undefined) => resolve(status === 200)
    const request = url.startsWith('https:')
      ? httpsGet(url, { ...trust, agent: false, timeout: timeoutMs }, (answer) => {
          answer.resume()
          answered(answer.statusCode)
        })
      : httpGet(url, { agent: false, timeout: timeoutMs }, (answer) => {
          answer.resume()
          answered(answer.statusCode)
        })
    request.once('error', () => resolve(false))
    request.once('timeout', () => request.destroy())
  })
}
