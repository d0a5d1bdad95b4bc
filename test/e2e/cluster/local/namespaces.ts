import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as passing } from 'node:timers/promises'
import { dyingWithParent } from '../../../programs/child.ts'
import { identityOf, type ProcessIdentity } from './process-identity.ts'

/** The two processes that the node hangs on. */
export interface NodeProcesses {
  /** Process 1 of the node: its end is the end of everything in the node. */
  readonly first: ProcessIdentity
  /** `unshare`, its parent, which ends with it and whose end it does not survive. */
  readonly outer: ProcessIdentity
}

/** Process 1 collects the processes that others leave behind (`wait` does so for any child), until ours ends. */
const collect = '"$@" & wait $!'

/**
 * Starts node/main.ts in network, mount and process namespaces of its own.
 * @param kept true: it outlives us; false: the kernel ends it with us, also after SIGKILL
 */
export async function startInNamespaces(
  planFile: string,
  log: string,
  kept: boolean,
): Promise<NodeProcesses> {
  const main = join(import.meta.dirname, 'node', 'main.ts')
  const isolated: [string, ...string[]] = [
    ...(['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'] as const),
    ...['sh', '-c', collect, 'sh', process.execPath, main, planFile],
  ]
  const [command, ...args] = kept ? isolated : dyingWithParent(isolated)
  const output = openSync(log, 'a')
  const child = spawn(command, args, { stdio: ['ignore', output, output], detached: true, cwd: '/' })
  closeSync(output)
  await once(child, 'spawn')
  child.unref()
  const outer = child.pid ?? 0
  while (child.exitCode === null && child.signalCode === null) {
    const first = firstChild(outer)
    if (first !== undefined) return { first: identityOf(first), outer: identityOf(outer) }
    await passing(5)
  }
  throw new Error(`the node's namespaces could not be made:\n${readFileSync(log, 'utf8')}`)
}

function firstChild(pid: number): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return children === '' ? undefined : Number(children.split(' ')[0])
  } catch {
    return undefined
  }
}
