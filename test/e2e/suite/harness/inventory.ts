import type { Kubectl } from './kubectl.ts'

/** What comes and goes by itself. */
const passing = /^(events|events\.events\.k8s\.io)$|\.metrics\.k8s\.io$/

/** Every object of a namespace, Events aside, as `RESOURCE/NAME`, sorted. */
export async function objectsIn(kubectl: Kubectl, namespace: string): Promise<string[]> {
  return list(kubectl, 'true', ['--namespace', namespace])
}

/** Every object outside of namespaces whose name holds `mark`, as `RESOURCE/NAME`, sorted. */
export async function objectsOutside(kubectl: Kubectl, mark: string): Promise<string[]> {
  const all = await list(kubectl, 'false', [])
  return all.filter((each) => each.includes(mark) && !each.startsWith('namespace/'))
}

async function list(kubectl: Kubectl, namespaced: string, where: readonly string[]): Promise<string[]> {
  const kinds = lines(
    await kubectl.run('api-resources', '--verbs=list', `--namespaced=${namespaced}`, '--output=name'),
  )
  const resources = kinds.filter((each) => !passing.test(each)).join(',')
  return lines(await kubectl.run('get', resources, ...where, '--output=name')).sort()
}

function lines(text: string): string[] {
  return text.split('\n').filter(Boolean)
}
