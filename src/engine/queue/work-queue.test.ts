import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { createManualClock, type ManualClock } from '../../../test/fakes/manual-clock.ts'
import { groupOf, WorkQueueModel } from './testing/work-queue-model.ts'
import { type Urgency, WorkQueue } from './work-queue.ts'

let clock: ManualClock
let queue: WorkQueue

beforeEach(() => {
  clock = createManualClock()
  queue = new WorkQueue(clock, groupOf)
})

describe('a key', () => {
  it('that is added twice is given out once', async () => {
    queue.add('a', 'change')
    queue.add('a', 'sweep')
    queue.add('b', 'change')
    expect([await queue.take(), await queue.take()]).toEqual(['a', 'b'])
    expect(queue.depth).toBe(0)
  })

  it('that is added while it is worked on runs once more, when that is done', async () => {
    queue.add('a', 'change')
    await queue.take()
    queue.add('a', 'change')
    queue.add('a', 'change')
    expect(queue.depth).toBe(0)
    queue.done('a')
    expect(await queue.take()).toBe('a')
    queue.done('a')
    expect(queue.depth).toBe(0)
  })

  it('goes to whoever waits for one', async () => {
    const taken = queue.take()
    queue.add('a', 'sweep')
    expect(await taken).toBe('a')
    expect(queue.isActive('a')).toBe(true)
  })

  it('that changed goes before those that a list found', async () => {
    queue.add('a', 'sweep')
    queue.add('b', 'sweep')
    queue.add('c', 'change')
    queue.add('b', 'change')
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(['c', 'b', 'a'])
  })

  it('whose only change is the echo of the work itself does not run again', async () => {
    queue.add('a', 'change')
    await queue.take()
    queue.add('a', 'change', '7')
    queue.done('a', '7')
    expect(queue.depth).toBe(0)
  })

  it.each<[string, readonly (string | undefined)[]]>([
    ['the change of somebody else', ['8']],
    ['a change before the echo', ['6', '7']],
    ['a change after the echo', ['7', '8']],
    ['a wish without a mark before the echo', [undefined, '7']],
    ['a wish without a mark after the echo', ['7', undefined]],
  ])('runs again for %s', async (_, marks) => {
    queue.add('a', 'change')
    await queue.take()
    for (const mark of marks) queue.add('a', 'change', mark)
    queue.done('a', '7')
    expect(queue.depth).toBe(1)
  })

  it('with a mark runs again where nothing was written', async () => {
    queue.add('a', 'change')
    await queue.take()
    queue.add('a', 'change', '7')
    queue.done('a')
    expect(queue.depth).toBe(1)
  })
})

describe('groups', () => {
  const takeAll = async () => {
    const keys: (string | undefined)[] = []
    while (queue.depth > 0) keys.push(await queue.take())
    return keys
  }

  it.each<Urgency>(['change', 'sweep'])(
    'take turns, however many keys one of them has (%s)',
    async (urgency) => {
      for (let i = 0; i < 1_000; i++) queue.add(`evil/${i}`, urgency)
      for (const key of ['shop/a', 'shop/b', 'web/a']) queue.add(key, urgency)
      const keys = await takeAll()
      expect(keys.slice(0, 6)).toEqual(['evil/0', 'shop/a', 'web/a', 'evil/1', 'shop/b', 'evil/2'])
      expect(keys).toHaveLength(1_003)
    },
  )

  it('that change something without end do not starve what a list, a wait or a resync brings', async () => {
    queue.add('web/a', 'sweep')
    queue.add('web/b', 'sweep')
    const keys: (string | undefined)[] = []
    for (let i = 0; i < 10; i++) {
      for (let each = 0; each < 10; each++) queue.add(`evil/${i * 10 + each}`, 'change')
      keys.push(await queue.take())
    }
    expect([keys.indexOf('web/a'), keys.indexOf('web/b')]).toEqual([3, 7])
  })
})

describe('a delay', () => {
  it('is waited out', async () => {
    queue.addAfter('a', 1_000)
    await clock.advance(999)
    expect([queue.depth, queue.delayed]).toEqual([0, 1])
    await clock.advance(1)
    expect([queue.depth, queue.delayed]).toEqual([1, 0])
  })

  it('keeps the earlier of two appointments', async () => {
    queue.addAfter('a', 1_000)
    queue.addAfter('a', 5_000)
    queue.addAfter('b', 5_000)
    queue.addAfter('b', 1_000)
    await clock.advance(1_000)
    expect(queue.depth).toBe(2)
    expect(queue.delayed).toBe(0)
  })

  it('is over when the key is added', async () => {
    queue.addAfter('a', 1_000)
    queue.add('a', 'sweep')
    await queue.take()
    queue.done('a')
    await clock.advance(2_000)
    expect(queue.depth).toBe(0)
  })
})

describe('a key that a lane hands over', () => {
  it('is active, and waits for nothing else', async () => {
    queue.add('a', 'change')
    expect(queue.activate('a')).toBe(true)
    expect([queue.depth, queue.isActive('a')]).toEqual([0, true])
    queue.done('a')
    queue.addAfter('a', 1_000)
    expect(queue.activate('a')).toBe(true)
    expect(queue.delayed).toBe(0)
  })

  it('is refused while it is worked on', async () => {
    queue.add('a', 'change')
    await queue.take()
    expect(queue.activate('a')).toBe(false)
  })
})

describe('a key that is removed', () => {
  it('is looked at no more, wherever it waited', async () => {
    queue.add('a', 'change')
    queue.addAfter('b', 1_000)
    queue.activate('c')
    queue.add('c', 'change')
    for (const key of ['a', 'b', 'c']) queue.remove(key)
    queue.done('c')
    await clock.advance(1_000)
    expect([queue.depth, queue.delayed, queue.isActive('c')]).toEqual([0, 0, false])
  })
})

describe('a queue that is closed', () => {
  it('gives out nothing, takes nothing in, and leaves no timer behind', async () => {
    const waiting = queue.take()
    queue.addAfter('a', 1_000)
    queue.close()
    expect(await waiting).toBeUndefined()
    expect(await queue.take()).toBeUndefined()
    queue.add('a', 'change')
    queue.addAfter('a', 1)
    expect(queue.activate('a')).toBe(false)
    expect([queue.depth, queue.delayed, clock.pending()]).toEqual([0, 0, 0])
  })
})

describe('whatever happens in whatever order', () => {
  const keys = ['a/1', 'a/2', 'a/3', 'b/1', 'c/1']
  interface Real {
    readonly clock: ManualClock
    readonly queue: WorkQueue
    readonly given: (string | undefined)[]
  }
  type Command = fc.AsyncCommand<WorkQueueModel, Real>

  async function compare(model: WorkQueueModel, real: Real): Promise<void> {
    await Promise.resolve()
    expect(real.given).toEqual(model.given)
    expect(real.queue.depth).toBe(model.depth)
    expect(real.queue.delayed).toBe(model.delayed)
    for (const key of keys) expect(real.queue.isActive(key)).toBe(model.active.includes(key))
  }

  function command(
    name: string,
    onModel: (model: WorkQueueModel) => unknown,
    onReal: (real: Real) => unknown,
    possible: (model: WorkQueueModel) => boolean = () => true,
  ): Command {
    return {
      check: possible,
      toString: () => name,
      async run(model, real) {
        const expected = onModel(model)
        const actual = await onReal(real)
        if (expected !== undefined) expect(actual).toBe(expected)
        await compare(model, real)
      },
    }
  }

  const key = fc.constantFrom(...keys)
  const urgency = fc.constantFrom<Urgency>('change', 'sweep')
  const mark = fc.constantFrom(undefined, '1', '2')
  const ms = fc.integer({ min: 0, max: 50 })
  const commands = fc.commands(
    [
      fc.tuple(key, urgency, mark).map(([key, urgency, mark]) =>
        command(
          `add(${key}, ${urgency}, ${mark})`,
          (model) => model.add(key, urgency, mark),
          ({ queue }) => queue.add(key, urgency, mark),
        ),
      ),
      fc.tuple(key, ms).map(([key, ms]) =>
        command(
          `addAfter(${key}, ${ms})`,
          (model) => model.addAfter(key, ms),
          ({ queue }) => queue.addAfter(key, ms),
        ),
      ),
      fc.constant(
        command(
          'take',
          (model) => model.take(),
          ({ queue, given }) => {
            queue.take().then((it) => given.push(it))
          },
        ),
      ),
      fc.tuple(key, mark).map(([key, echo]) =>
        command(
          `done(${key}, ${echo})`,
          (model) => model.done(key, echo),
          ({ queue }) => queue.done(key, echo),
          (model) => model.active.includes(key),
        ),
      ),
      key.map((key) =>
        command(
          `activate(${key})`,
          (model) => model.activate(key),
          ({ queue }) => queue.activate(key),
        ),
      ),
      key.map((key) =>
        command(
          `remove(${key})`,
          (model) => model.remove(key),
          ({ queue }) => queue.remove(key),
        ),
      ),
      ms.map((ms) =>
        command(
          `advance(${ms})`,
          (model) => model.advance(ms),
          ({ clock }) => clock.advance(ms),
        ),
      ),
    ],
    { maxCommands: 100 },
  )

  it('no key is lost, none is active twice, and all go in order', async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (commands) => {
        const setup = () => {
          const clock = createManualClock()
          return {
            model: new WorkQueueModel(),
            real: { clock, queue: new WorkQueue(clock, groupOf), given: [] },
          }
        }
        await fc.asyncModelRun(setup, commands)
      }),
      { numRuns: 200 },
    )
  })
})
