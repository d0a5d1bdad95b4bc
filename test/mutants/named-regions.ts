import { parseAst } from 'vitest/node'

/** Where a function, method or class lies in a source, in UTF-16 code units. */
export interface Region {
  readonly start: number
  readonly end: number
}

/** What counts of a node of the syntax tree (ESTree). */
interface SyntaxNode extends Region {
  readonly type: string
  readonly [property: string]: unknown
}

/**
 * The functions, classes, methods, accessors and fields of a TypeScript source by name: `next`, `Ledger`,
 * `Ledger.holderOf`, `Ledger.#drop`, `Ledger.constructor`. Functions within functions have a name, too.
 *
 * @throws Error when the source cannot be parsed
 */
export function namedRegions(source: string): Map<string, Region[]> {
  const regions = new Map<string, Region[]>()
  const visit = (value: unknown, owner: string) => {
    if (Array.isArray(value)) for (const item of value) visit(item, owner)
    if (!isNode(value)) return
    const name = nameOf(value, owner)
    if (name !== undefined) regions.set(name, [...(regions.get(name) ?? []), value])
    const inside = value.type === 'ClassDeclaration' && name !== undefined ? name : owner
    for (const child of Object.values(value)) visit(child, inside)
  }
  visit(parseAst(source, { lang: 'ts' }), '')
  return regions
}

function nameOf({ type, id, key }: SyntaxNode, owner: string): string | undefined {
  switch (type) {
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
      return identifier(id)
    case 'MethodDefinition':
    case 'PropertyDefinition': {
      const name = identifier(key)
      return name === undefined ? undefined : `${owner}.${name}`
    }
    default:
      return undefined
  }
}

function identifier(value: unknown): string | undefined {
  if (!isNode(value)) return undefined
  if (value.type === 'Identifier') return String(value['name'])
  return value.type === 'PrivateIdentifier' ? `#${value['name']}` : undefined
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}
