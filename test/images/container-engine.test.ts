import { expect, test, vi } from 'vitest'
import { type ContainerEngine, containerEngine, NoContainerEngineError } from './container-engine.ts'

const engine = { version: '1' } as ContainerEngine
const failing = (error: unknown) => vi.fn<() => Promise<ContainerEngine>>().mockRejectedValue(error)
const none = async () => 'docker is not there'

test('a Docker that answers is used, and none is started', async () => {
  const own = failing(new Error('not asked'))
  expect(await containerEngine({ found: async () => engine, own })).toBe(engine)
  expect(own).not.toHaveBeenCalled()
})

test('without one, our own is started', async () => {
  expect(await containerEngine({ found: none, own: async () => engine })).toBe(engine)
})

test('a machine that lacks what it takes is reported, with both reasons and what to install', async () => {
  const own = failing(new NoContainerEngineError('only root can start a dockerd'))
  const error = await containerEngine({ found: none, own }).catch((each: unknown) => each)
  expect(error).toBeInstanceOf(NoContainerEngineError)
  expect((error as Error).message).toMatch(
    /docker is not there\n- only root(.|\n)*apt-get install docker\.io/,
  )
})

test('a dockerd that does not start is a failure and no reason to skip, and the way out is said', async () => {
  const own = failing(new Error('dockerd answers: it has ended. no space left'))
  const error = await containerEngine({ found: none, own }).catch((each: unknown) => each)
  expect(error).not.toBeInstanceOf(NoContainerEngineError)
  expect((error as Error).message).toMatch(
    /docker is not there(.|\n)*Start the Docker of this machine(.|\n)*no space left/,
  )
})

test('a mistake of ours while looking for a Docker is not taken for a machine without one', async () => {
  const found = async () => Promise.reject(new TypeError('undefined is not a function'))
  await expect(containerEngine({ found, own: async () => engine })).rejects.toThrow(TypeError)
})
