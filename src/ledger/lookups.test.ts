import { describe, expect, it } from 'vitest'
import { Lookups } from './lookups.ts'

/** Ids of the form `namespace/number`. */
function lookups(...ids: readonly string[]): Lookups {
  const all = new Lookups((id) => id.slice(0, id.indexOf('/')))
  all.add(ids)
  return all
}

function ids(namespace: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${namespace}/${i}`)
}

/** Asks until nothing is left; what was asked for. Of odd ids the service makes an end in the way that is said. */
function run(
  all: Lookups,
  isOdd: (id: string) => boolean,
  end: 'unanswered' | 'refused' = 'unanswered',
): string[][] {
  const asked: string[][] = []
  for (let next = all.next; next !== undefined; next = all.next) {
    if (asked.length > 5_000) throw new Error('the lookups have no end')
    asked.push([...next])
    if (next.some(isOdd)) all[end](next)
    else all.answered(next)
  }
  return asked
}

const namespacesOf = (batch: readonly string[]) => new Set(batch.map((id) => id.split('/')[0]))

describe('lookups', () => {
  it('ask for a hundred ids at a time, those of one group next to each other', () => {
    const mixed = ids('a', 75).flatMap((id, i) => [id, `b/${i}`, `c/${i}`, `d/${i}`])
    const asked = run(lookups(...mixed), () => false)
    expect(asked.map((it) => it.length)).toEqual([100, 100, 100])
    expect(asked.map((it) => [...namespacesOf(it)].join(''))).toEqual(['ab', 'bc', 'cd'])
    expect(asked.flat().toSorted()).toEqual(mixed.toSorted())
  })

  it.each(['unanswered', 'refused'] as const)('pass the one id of many that is %s', (end) => {
    const all = lookups(...ids('a', 1_000))
    const asked = run(all, (id) => id === 'a/777', end)
    expect(all.passed).toBe(1)
    expect(all.isPassed('a/777')).toBe(true)
    expect(asked.length).toBeLessThan(40)
    for (const id of ids('a', 1_000)) if (id !== 'a/777') expect(asked.flat()).toContain(id)
  })

  it('with odd ids of one group ask for the others first, and hardly ever twice', () => {
    const all = lookups(...ids('odd', 1_000), ...ids('a', 150), ...ids('z', 150))
    const asked = run(all, (id) => id.startsWith('odd/'))
    const isSettled = new Set<string>()
    let calls = 0
    for (const batch of asked) {
      calls++
      if (![...batch].some((id) => id.startsWith('odd/'))) for (const id of batch) isSettled.add(id)
      if (isSettled.size === 300) break
    }
    expect(calls).toBeLessThan(40)
    expect(all.passed).toBe(1_000)
    expect(asked.length).toBeLessThan(100)
  })

  it('pass nobody else when they pass the rest of a group', () => {
    const all = lookups(...ids('odd', 1_000), ...ids('other', 300))
    const asked = run(all, (id) => id.startsWith('odd/') || id === 'other/7')
    expect(ids('other', 300).filter((id) => all.isPassed(id))).toEqual(['other/7'])
    expect(asked.length).toBeLessThan(150)
  })

  it('pass nothing while nobody is answered, however long that takes', () => {
    const all = lookups(...ids('a', 250), ...ids('b', 250))
    for (let i = 0; i < 1_000; i++) all.unanswered(all.next ?? [])
    expect(all.passed).toBe(0)
    expect(all.areDeferred).toBe(true)
    expect(new Set(run(all, () => false).flat()).size).toBe(500)
    expect(all.passed).toBe(0)
  })

  it('find those who share a query with odd ids, although no other query is answered', () => {
    const all = lookups(...ids('odd', 150), ...ids('victim', 3))
    const asked = run(all, (id) => id.startsWith('odd/'))
    expect(ids('victim', 3).filter((id) => all.isPassed(id))).toEqual([])
    expect(all.passed).toBe(150)
    expect(asked.length).toBeLessThan(100)
  })

  it.each(
    (['unanswered', 'refused'] as const).flatMap((end) => [14, 30, 99].map((count) => [end, count] as const)),
  )('find whoever shares a query with ids that are %s, however many those are: %i', (end, count) => {
    const all = lookups(...ids('odd', count), ...ids('victim', 1), ...ids('another', 2))
    const asked = run(all, (id) => id.startsWith('odd/'), end)
    const odd = ids('odd', count)
    for (const id of ['victim/0', ...ids('another', 2)]) expect(all.isPassed(id)).toBe(false)
    expect(odd.every((id) => all.isPassed(id))).toBe(true)
    expect(asked.length).toBeLessThan(50)
  })

  it('find an id between odd ones of its own group', () => {
    const all = lookups(...ids('a', 300))
    run(all, (id) => ['a/20', 'a/120', 'a/220', 'a/221', 'a/222'].includes(id), 'refused')
    expect(all.passed).toBe(5)
  })

  it('find them soon, whatever else the groups with odd ids have written down', () => {
    const namespaces = ['odd0', 'odd1', 'odd2'].flatMap((name) => ids(name, 90))
    const all = lookups(...ids('huge-odd', 5_050), ...namespaces, ...ids('victim', 3), ...ids('odd3', 90))
    const asked = run(all, (id) => id.includes('odd'))
    const found = asked.findIndex(
      (it) => it.includes('victim/2') && it.every((id) => id.startsWith('victim/')),
    )
    expect(found).toBeGreaterThan(0)
    expect(found).toBeLessThan(60)
    expect(ids('victim', 3).filter((id) => all.isPassed(id))).toEqual([])
  })

  it('do not mix a large group with others', () => {
    const asked = run(lookups(...ids('a', 20), ...ids('large', 150), ...ids('b', 20)), () => false)
    expect(asked.map((it) => [...namespacesOf(it)])).toEqual([['large'], ['large'], ['a', 'b']])
  })

  it('pass nothing because of one failure', () => {
    const all = lookups(...ids('a', 100), ...ids('b', 100))
    all.unanswered(all.next ?? [])
    expect(run(all, () => false)).toEqual([ids('b', 100), ids('a', 100)])
    expect(all.passed).toBe(0)
  })

  it('end soon where all of them are refused', () => {
    const all = lookups(...ids('a', 5_000))
    const asked = run(all, () => true, 'refused')
    expect(asked.length).toBeLessThan(100)
    expect(all.passed).toBe(5_000)
  })

  it('end soon where all of them are refused, in however many groups', () => {
    const all = lookups(...Array.from({ length: 5_000 }, (_, i) => `${i}/site`))
    const asked = run(all, () => true, 'refused')
    expect(asked.length).toBeLessThan(300)
    expect(all.passed).toBe(5_000)
    all.add(['a/new', 'b/new'])
    run(all, (id) => id === 'a/new', 'refused')
    expect([all.isPassed('a/new'), all.isPassed('b/new')]).toEqual([true, false])
  })

  it('remember of an outage no failures of groups', () => {
    const all = lookups(...ids('a', 150), ...ids('b', 150))
    for (let i = 0; i < 500; i++) all.unanswered(all.next ?? [])
    run(all, (id) => id === 'a/7')
    expect(all.passed).toBe(1)
  })

  it('find each id that alone is answered, where a service refuses all others with it', () => {
    const missing = ids('a', 1_000).filter((_, i) => i % 10 === 0)
    const all = lookups(...ids('a', 1_000))
    for (let next = all.next; next !== undefined; next = all.next) {
      if (next.length > 1 && next.some((id) => missing.includes(id))) all.refused(next)
      else all.answered(next)
    }
    expect(all.passed).toBe(0)
  })

  it('ask once more for what an answer leaves open, and pass what it says nothing of', () => {
    const all = lookups('a/1', 'a/2', 'a/3')
    all.answered(all.next ?? [], ['a/2', 'a/3'])
    expect(all.next).toEqual(['a/2', 'a/3'])
    all.answered(all.next ?? [], ['a/2', 'a/3'])
    all.answered(all.next ?? [], ['a/2'])
    expect(all.next).toEqual(['a/3'])
    all.answered(all.next ?? [])
    expect(all.next).toBeUndefined()
    expect([all.isPassed('a/2'), all.isPassed('a/3')]).toEqual([true, false])
  })

  it('ask once for an id that is added twice', () => {
    const all = lookups('a/1', 'a/2')
    all.unanswered(all.next ?? [])
    all.add(['a/2', 'a/3'])
    expect(run(all, () => false)).toEqual([['a/3'], ['a/1', 'a/2']])
    all.add(['a/2'])
    expect(all.next).toEqual(['a/2'])
  })

  it('take no notice of an answer to what they did not ask', () => {
    const all = lookups('a/1')
    all.answered(['a/1'])
    all.unanswered(['a/1'])
    all.refused(['a/1'])
    expect(all.next).toEqual(['a/1'])
    expect(all.passed).toBe(0)
  })
})
