// Runs as root inside the node's own network, mount and process namespaces, started by ../namespaces.ts. Its end is the
// end of the node: of every process, mount, interface and firewall rule in it.
import { readFileSync } from 'node:fs'
import { layout } from '../layout.ts'
import { MachineNode } from './machine-node.ts'
import { OrderServer } from './order-server.ts'
import type { NodePlan } from './plan.ts'

const patienceMs = 30_000

const [planFile = ''] = process.argv.slice(2)
const plan = JSON.parse(readFileSync(planFile, 'utf8')) as NodePlan
const node = new MachineNode(plan)
// Whoever started us was killed before the first order: nobody knows of us, nobody would ever end us.
const orphaned = setTimeout(() => process.exit(1), patienceMs)
const server = new OrderServer(node, () => clearTimeout(orphaned))
server.listen(layout(plan.folder).socket)
