import { runProgram } from '../../../programs/run-program.ts'
import { addresses, cable, type Route, takenAddresses } from './addresses.ts'
import { MachineError } from './machine-error.ts'

/**
 * Plugs a cable from the machine into the node's network namespace, and leads what goes to pods and services through
 * it. The routes come before any pod does: without them the machine would send its answers to a pod out through its
 * default route.
 * @param pid a process of that namespace
 */
export async function plugIn(pid: number): Promise<void> {
  await ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid))
  await ip('address', 'add', `${addresses.host}/30`, 'dev', cable)
  await ip('link', 'set', cable, 'up')
  for (const range of [addresses.pods, addresses.services]) {
    await ip('route', 'add', range, 'via', addresses.node, 'dev', cable)
  }
}

/** Removes the cable, with it its routes; one that is gone already is fine. */
export async function unplug(): Promise<void> {
  // It goes by itself some time after the namespace, so it may vanish between any question and its removal.
  await ip('link', 'delete', cable).catch((error: unknown) => {
    if (!String(error).includes('Cannot find device')) throw error
  })
}

/** @throws MachineError that names every address of the cluster that the machine uses for something else */
export async function checkAddressesAreFree(): Promise<void> {
  const routes = JSON.parse((await ip('-json', '-4', 'route', 'show', 'table', 'all')) || '[]') as Route[]
  const taken = takenAddresses(routes)
  if (taken.length === 0) return
  const way = 'they are fixed; end what has them (a VPN, a Docker network), see "ip route show table all"'
  throw new MachineError([...taken, way])
}

function ip(...args: string[]): Promise<string> {
  return runProgram(['ip', ...args])
}
