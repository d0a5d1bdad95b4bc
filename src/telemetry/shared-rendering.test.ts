import { expect, test } from 'vitest'
import { createManualClock } from '../../test/fakes/manual-clock.ts'
import { SharedRendering } from './shared-rendering.ts'

/** Renderings that last until the test ends them, and the time at which each began. */
function createScene() {
  const clock = createManualClock()
  const begun: number[] = []
  let end: (text: string | Error) => void = () => {}
  const rendering = new SharedRendering(() => {
    begun.push(clock.elapsed())
    return new Promise((resolve, reject) => {
      end = (text) => (typeof text === 'string' ? resolve(text) : reject(text))
    })
  }, clock)
  const ask = async () => (await rendering.page()).toString()
  return { clock, begun, ask, end: (text: string | Error) => end(text) }
}

test('all who ask before it begins share one rendering, byte for byte', async () => {
  const clock = createManualClock()
  const rendering = new SharedRendering(async () => 'a page', clock)
  const [first, ...others] = await Promise.all(Array.from({ length: 100 }, () => rendering.page()))
  for (const other of others) expect(other).toBe(first)
})

test('who asks during a rendering gets the next one: no page is older than the question', async () => {
  const { clock, begun, ask, end } = createScene()
  const first = ask()
  await clock.advance(0)
  const later = [ask(), ask(), ask()]
  end('first')
  expect(await first).toBe('first')
  await clock.advance(0)
  expect(begun).toHaveLength(2)
  end('second')
  expect(await Promise.all(later)).toEqual(['second', 'second', 'second'])
})

test('renderings take at most a fifth of the time, however often they are asked for', async () => {
  const { clock, begun, ask, end } = createScene()
  for (let round = 0; round < 4; round++) {
    const page = ask()
    await clock.advance(round === 0 ? 0 : 400)
    await clock.advance(100)
    end('a page')
    await page
  }
  expect(begun).toEqual([0, 500, 1_000, 1_500])
})

test('a rest lasts two seconds at most', async () => {
  const { clock, begun, ask, end } = createScene()
  const slow = ask()
  await clock.advance(5_000)
  end('slow')
  await slow
  const next = ask()
  await clock.advance(1_999)
  expect(begun).toEqual([0])
  await clock.advance(1)
  expect(begun).toEqual([0, 7_000])
  end('next')
  await next
})

test('a rendering that fails fails for those who shared it, and the next one is made', async () => {
  const { clock, ask, end } = createScene()
  const failing = Promise.allSettled([ask(), ask()])
  await clock.advance(0)
  end(new Error('no page'))
  expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  const next = ask()
  await clock.advance(0)
  end('a page')
  expect(await next).toBe('a page')
})
