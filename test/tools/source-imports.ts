import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'

/** One import of a file of ours, of types or of values. Paths begin at the folder that was read. */
export interface SourceImport {
  readonly from: string
  readonly to: string
  readonly typesOnly: boolean
}

/** The TypeScript files below a folder, by their paths in it. */
export function readSources(folder: URL): ReadonlyMap<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'))
  return new Map(paths.sort().map((path) => [path, readFileSync(new URL(path, folder), 'utf8')]))
}

/** The relative imports and re-exports of a file, dynamic ones included. */
export function importsOf(from: string, text: string): SourceImport[] {
  const statements = text.matchAll(
    /^(?:import|export)\s+(?:(type)\s+)?(?:[\w*{}\s,]+?\sfrom\s+)?'(\.[^']+)'|\bimport\(\s*'(\.[^']+)'/gm,
  )
  return [...statements].map(([, type, statically, dynamically]) => ({
    from,
    to: posix.normalize(posix.join(posix.dirname(from), statically ?? dynamically ?? '')),
    typesOnly: type !== undefined,
  }))
}

/** The circles of a graph, each as the nodes on it; a node that leads to itself is one. */
export function circlesIn(edges: readonly Pick<SourceImport, 'from' | 'to'>[]): string[][] {
  const targets = new Map<string, string[]>()
  for (const { from, to } of edges) targets.set(from, [...(targets.get(from) ?? []), to])
  const circles: string[][] = []
  const finished = new Set<string>()
  const path: string[] = []
  const walk = (node: string) => {
    const at = path.indexOf(node)
    if (at >= 0) return void circles.push(path.slice(at))
    if (finished.has(node)) return
    path.push(node)
    for (const target of targets.get(node) ?? []) walk(target)
    path.pop()
    finished.add(node)
  }
  for (const node of targets.keys()) walk(node)
  return circles
}
