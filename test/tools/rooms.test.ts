import { describe, expect, it, test } from 'vitest'
import { circlesIn, importsOf, readSources } from './source-imports.ts'

/** Which rooms each room may import from, besides itself. What is not named here may not. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  main: ['operator', 'config', 'telemetry', 'clock', 'ports', 'reasons'],
  operator: ['controller', 'config', 'kubernetes', 'tencent', 'telemetry', 'contract', 'clock', 'ports'],
  controller: [
    'inventory-runner',
    'capabilities',
    'engine',
    'ledger',
    'contract',
    'clock',
    'ports',
    'reasons',
  ],
  'inventory-runner': ['engine', 'ledger', 'contract', 'clock', 'ports', 'reasons'],
  capabilities: ['engine', 'ledger', 'contract', 'certificate', 'clock', 'ports', 'reasons'],
  engine: ['contract', 'certificate', 'clock', 'key-turns', 'ports', 'reasons'],
  ledger: ['contract', 'certificate', 'clock', 'key-turns', 'ports', 'reasons'],
  contract: ['certificate', 'ports', 'reasons'],
  certificate: [],
  ports: ['certificate', 'reasons'],
  kubernetes: ['contract', 'config', 'clock', 'ports'],
  tencent: ['certificate', 'config', 'clock', 'ports'],
  telemetry: ['config', 'clock', 'ports', 'reasons'],
  config: [],
  clock: [],
  'key-turns': [],
  reasons: [],
}

/** Each capability is a room of its own for the others. */
function roomOf(path: string): string {
  const [room = '', capability = ''] = path.replace(/\.ts$/, '').split('/')
  return room === 'capabilities' ? `capabilities/${capability}` : room
}

const kindOf = (room: string) => room.split('/')[0] ?? room
const isForTests = (path: string) =>
  path.endsWith('.test.ts') || path.includes('/testing/') || path.startsWith('../')

const sources = readSources(new URL('../../src/', import.meta.url))
const imports = [...sources].flatMap(([path, text]) => importsOf(path, text))
/** What the operator itself is made of: no tests, and not their helpers. */
const own = imports.filter(({ from }) => !isForTests(from))

function isAllowed({ from, to }: { readonly from: string; readonly to: string }): boolean {
  const [here, there] = [roomOf(from), roomOf(to)]
  return here === there || (arrows[kindOf(here)] ?? []).includes(kindOf(there))
}

/** The files that a file needs, directly or through others. */
function reachedFrom(start: string): Set<string> {
  const reached = new Set([start])
  for (const file of reached) {
    for (const { from, to } of own) if (from === file) reached.add(to)
  }
  return reached
}

describe('the rooms of the source', () => {
  it('are all named here, and no others', () => {
    const rooms = [...sources.keys()].filter((it) => !isForTests(it)).map((it) => kindOf(roomOf(it)))
    expect([...new Set(rooms)].sort()).toEqual(Object.keys(arrows).sort())
  })

  it('import only along the arrows', () => {
    expect(own.length).toBeGreaterThan(200)
    // What leads out of src is the manifest, or a list that is shared with the simulator.
    const wrong = own.filter(({ to }) => !to.startsWith('../')).filter((it) => !isAllowed(it))
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([])
  })

  it('import no test and no code of the tests', () => {
    const wrong = own.filter(({ to }) => isForTests(to) && !to.endsWith('.json'))
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([])
  })

  it('have no circle, neither among rooms nor among files', () => {
    expect(circlesIn(own)).toEqual([])
    const between = own
      .map(({ from, to }) => ({ from: roomOf(from), to: roomOf(to) }))
      .filter(({ from, to }) => from !== to)
    expect(circlesIn(between)).toEqual([])
  })

  it('have one way to the adapters: the operator', () => {
    const adapters = ['kubernetes', 'tencent', 'telemetry']
    const users = own
      .filter(({ from, to }) => adapters.includes(roomOf(to)) && roomOf(from) !== roomOf(to))
      .map(({ from }) => from)
    expect([...new Set(users)].sort()).toEqual(['main.ts', 'operator.ts'])
  })
})

describe('the engine', () => {
  it('reaches no capability and no ledger, by whatever way', () => {
    for (const file of sources.keys()) {
      if (isForTests(file) || roomOf(file) !== 'engine') continue
      const reached = [...reachedFrom(file)].map((it) => kindOf(roomOf(it)))
      expect(reached, file).not.toContain('capabilities')
      expect(reached, file).not.toContain('ledger')
    }
  })

  it('knows nothing of uploads where it says what a capability is', () => {
    for (const file of ['capability', 'step', 'result', 'memories', 'failure', 'reconciler', 'worker']) {
      expect(sources.get(`engine/${file}.ts`), file).not.toMatch(/upload|ledger/i)
    }
  })
})

describe('the ports', () => {
  const ports = [...sources].filter(([path]) => roomOf(path) === 'ports')

  test.each(ports)('%s holds types, errors, what errors mean, and bounds only', (_, text) => {
    const exported = text.split('\n').filter((line) => line.startsWith('export '))
    expect(exported.length).toBeGreaterThan(0)
    for (const line of exported) {
      expect(line).toMatch(
        /^export (?:interface |type |class \w+ extends Error\b|function may[A-Z]\w+\(|const \w+ = [\d_]+$)/,
      )
    }
    expect(text).not.toMatch(/^(?:function|let|var|const|class) /m)
  })

  it('import types only', () => {
    expect(own.filter(({ from, typesOnly }) => roomOf(from) === 'ports' && !typesOnly)).toEqual([])
  })
})

describe('reading imports', () => {
  it('finds every form of them', () => {
    const text = [
      "import type { A } from './a.ts'",
      "import { type B, b } from '../b.ts'",
      "export { c } from './deep/c.ts'",
      "import './d.ts'",
      "import {\n  e,\n  f,\n} from './e.ts'",
      "import { readFileSync } from 'node:fs'",
      "const g = await import('./g.ts')",
    ].join('\n')
    expect(importsOf('room/file.ts', text)).toEqual([
      { from: 'room/file.ts', to: 'room/a.ts', typesOnly: true },
      { from: 'room/file.ts', to: 'b.ts', typesOnly: false },
      { from: 'room/file.ts', to: 'room/deep/c.ts', typesOnly: false },
      { from: 'room/file.ts', to: 'room/d.ts', typesOnly: false },
      { from: 'room/file.ts', to: 'room/e.ts', typesOnly: false },
      { from: 'room/file.ts', to: 'room/g.ts', typesOnly: false },
    ])
  })

  it('finds circles, those of one node too', () => {
    const edges = (text: string) => text.split(' ').map((it) => ({ from: it.charAt(0), to: it.charAt(1) }))
    expect(circlesIn(edges('ab bc ac'))).toEqual([])
    expect(circlesIn(edges('ab bc ca'))).toEqual([['a', 'b', 'c']])
    expect(circlesIn(edges('xa ab bb'))).toEqual([['b']])
  })
})

it('an arrow against the rooms is not allowed', () => {
  expect(isAllowed({ from: 'engine/worker.ts', to: 'capabilities/upload/next.ts' })).toBe(false)
  expect(isAllowed({ from: 'capabilities/rebind/next.ts', to: 'capabilities/upload/view.ts' })).toBe(false)
  expect(isAllowed({ from: 'capabilities/upload/next.ts', to: 'capabilities/upload/view.ts' })).toBe(true)
  expect(isAllowed({ from: 'contract/status.ts', to: 'engine/step.ts' })).toBe(false)
  expect(isAllowed({ from: 'engine/worker.ts', to: 'ledger/ledger.ts' })).toBe(false)
})
