/** The parts of a Markdown document that a translation must share with its original. */
export interface Outline {
  /** Levels of the headings, in order. */
  readonly headings: readonly number[]
  /** Code blocks with their languages, in order. */
  readonly blocks: readonly string[]
  /** Of each row of each table: how many cells, and what is code or a link's target in the first. */
  readonly tables: readonly (readonly string[])[]
  /** Code within lines, sorted: a translation may change its order. */
  readonly code: readonly string[]
  /** Targets of links and images, sorted. */
  readonly links: readonly string[]
  /** Items of lists, by the number of lists and items. */
  readonly items: number
}

/** Reads the outline of a document; the text itself is left aside. */
export function outlineOf(text: string): Outline {
  const blocks = [...text.matchAll(/^```.*?^```$/gms)].map(([block]) => block)
  const prose = text.replaceAll(/^```.*?^```$/gms, '')
  return {
    headings: [...prose.matchAll(/^(#+) /gm)].map(([, marks = '']) => marks.length),
    blocks,
    tables: [...prose.matchAll(/(?:^\|.*\|$\n?)+/gm)].map(([table]) => table.trim().split('\n').map(rowOf)),
    code: codeIn(prose).sort(),
    links: linksIn(prose).sort(),
    items: [...prose.matchAll(/^(?:[-*]|\d+\.) /gm)].length,
  }
}

function rowOf(row: string): string {
  const cells = row.slice(1, -1).split('|')
  const [first = ''] = cells
  return [cells.length, ...codeIn(first), ...linksIn(first)].join(' ')
}

/** What is shown as code within a line. */
export function codeIn(prose: string): string[] {
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
}

function linksIn(prose: string): string[] {
  return [...prose.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target)
}
