import type { E2eWorld } from './e2e-world.ts'

/**
 * What the operator's ServiceAccount may do in a namespace, as `kubectl auth can-i --list` says it: a line
 * `RESOURCE [NAME] [verbs]` each, sorted. What every ServiceAccount of the cluster may do is left out.
 */
export async function rightsOf(world: E2eWorld, namespace: string): Promise<string[]> {
  const [pod] = await world.release.pods()
  const account = pod?.spec.serviceAccountName ?? ''
  const ours = await listed(world, namespace, account)
  const everyones = new Set(await listed(world, namespace, 'nobody-in-particular'))
  return ours.filter((line) => !everyones.has(line)).sort()
}

async function listed({ kubectl, release }: E2eWorld, namespace: string, account: string): Promise<string[]> {
  const user = `system:serviceaccount:${release.namespace}:${account}`
  const groups = [
    'system:serviceaccounts',
    `system:serviceaccounts:${release.namespace}`,
    'system:authenticated',
  ]
  const as = [`--as=${user}`, ...groups.map((group) => `--as-group=${group}`)]
  const table = await kubectl.run('auth', 'can-i', '--list', '--no-headers', '--namespace', namespace, ...as)
  return table.split('\n').filter(Boolean).map(readLine)
}

/** `secrets   []   []   [get list]`: resources, URLs, names, verbs. */
function readLine(line: string): string {
  const [, resource = '', urls = '', names = '', verbs = ''] =
    /^(\S*)\s+\[(.*?)\]\s+\[(.*?)\]\s+\[(.*?)\]\s*$/.exec(line) ?? []
  const sorted = verbs.split(' ').sort().join(' ')
  return [resource, urls, names, `[${sorted}]`].filter(Boolean).join(' ')
}
