import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { goPrograms } from '../../programs/go-programs.ts'
import { nodePrograms } from '../../programs/kubernetes.ts'
import { chooseCluster } from './choose-cluster.ts'
import { readRecord } from './local/cluster-record.ts'
import { layout } from './local/layout.ts'
import { keptLocalCluster, stopLocalCluster } from './local/local-cluster.ts'
import { type NodeStatus, sendOrder } from './local/order.ts'
import { runs } from './local/process-identity.ts'
import { withSystemFolders } from './local/system-folders.ts'

const help = `A single-node Kubernetes cluster on this Linux machine, as root: see test/e2e/cluster/README.md.

npm run cluster -- up               start it, if it does not run, with the operator's image as it is now; it stays
npm run cluster -- run              start it and end it with Ctrl-C
npm run cluster -- status           what runs, since when, how long each step took
npm run cluster -- kubectl ...      kubectl as administrator: kubectl get pods -A
npm run cluster -- logs [PROGRAM]   the log of a program of the node (kubelet, kube-apiserver, ...)
npm run cluster -- shell            a shell inside the node's namespaces
npm run cluster -- down [--force]   end it and leave nothing; --force: also one that a running suite uses
`

process.env['PATH'] = withSystemFolders(process.env['PATH'])
const files = layout()
const [command = '--help', ...rest] = process.argv.slice(2)
try {
  process.exitCode = await run()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function run(): Promise<number> {
  switch (command) {
    case 'up':
      return up()
    case 'run':
      return runUntilInterrupted()
    case 'down':
      await stopLocalCluster({ force: rest.includes('--force') })
      return 0
    case 'status':
      return status()
    case 'kubectl':
      return kubectl(rest)
    case 'logs':
      return logs(rest[0])
    case 'shell':
      return shell()
    case '--help':
    case 'help':
      console.log(help)
      return 0
    default:
      console.error(`There is no command ${command}.\n\n${help}`)
      return 2
  }
}

async function up(): Promise<number> {
  const env = { ...process.env, E2E_CLUSTER: 'local' }
  const { kubeconfig, image } = await chooseCluster({ env, kept: true, say: console.log })
  console.log(`image        ${image}\n\n  export KUBECONFIG=${kubeconfig}`)
  return 0
}

async function runUntilInterrupted(): Promise<number> {
  const env = { ...process.env, E2E_CLUSTER: 'local' }
  const cluster = await chooseCluster({ env, say: console.log })
  const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  // Signals alone do not keep a process running.
  const alive = setInterval(() => undefined, 60_000)
  console.log(`  export KUBECONFIG=${cluster.kubeconfig}\n\nCtrl-C ends it.`)
  await interrupted
  clearInterval(alive)
  await cluster.stop()
  return 0
}

async function status(): Promise<number> {
  const record = readRecord(files.record)
  if (record?.processes === undefined || !runs(record.processes.first)) {
    console.log('No local cluster runs.')
    return 1
  }
  const { owner, kept, startedAt, processes } = record
  console.log(`kubeconfig   ${files.kubeconfig('admin')}
started      ${startedAt} by process ${owner.pid}${kept ? ', kept until "down"' : ', ends with it'}
process 1    ${processes.first.pid}
logs         ${files.logs}`)
  if (record.cluster === undefined) {
    console.log('It is starting.')
    return 0
  }
  const { steps, programs } = await sendOrder<NodeStatus>(files.socket, { do: 'status' })
  for (const { what, ms } of steps) console.log(`${String(ms).padStart(9)} ms ${what}`)
  for (const [name, { pid, restarts }] of Object.entries(programs)) {
    const state = pid === 0 ? 'does not run' : `process ${pid} of the node`
    console.log(`${name.padEnd(24)} ${state}${restarts > 0 ? `, ended ${restarts} times by itself` : ''}`)
  }
  return 0
}

async function kubectl(args: readonly string[]): Promise<number> {
  const programs = await goPrograms(nodePrograms)
  return attended([programs.kubectl, '--kubeconfig', kept(), ...args])
}

async function logs(program: string | undefined): Promise<number> {
  if (program !== undefined) return attended(['cat', join(files.logs, `${program}.log`)])
  for (const name of readdirSync(files.logs)) console.log(name.replace('.log', ''))
  return 0
}

function shell(): Promise<number> {
  const first = readRecord(files.record)?.processes?.first.pid
  if (first === undefined) throw new Error('No local cluster runs.')
  return attended(['nsenter', '--target', String(first), '--net', '--mount', '--pid', '--', 'sh'])
}

function kept(): string {
  const kubeconfig = keptLocalCluster()?.kubeconfig ?? readRecord(files.record)?.cluster?.kubeconfig
  if (kubeconfig === undefined) throw new Error('No local cluster runs: "npm run cluster -- up" starts one.')
  return kubeconfig
}

/** Runs a program on this terminal and returns its exit code. */
async function attended([program = '', ...args]: readonly string[]): Promise<number> {
  const child = spawn(program, args, { stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}
