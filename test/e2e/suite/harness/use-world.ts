import { afterAll, afterEach, beforeAll } from 'vitest'
import { E2eWorld, type E2eWorldOptions } from './e2e-world.ts'

/**
 * Makes a world before the tests of a file and ends it after them; a test that fails says what happened in it.
 * @returns the world, for use in tests and hooks
 */
export function useWorld(title: string, options: E2eWorldOptions = {}): () => E2eWorld {
  let world: E2eWorld | undefined
  beforeAll(async () => {
    world = await E2eWorld.create(title, options)
  })
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') process.stderr.write(`${await world?.explain()}\n`)
  })
  afterAll(() => world?.end())
  return () => {
    if (world === undefined) throw new Error('the world is not there yet')
    return world
  }
}
