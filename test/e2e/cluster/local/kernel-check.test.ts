import { expect, test } from 'vitest'
import type { runProgram } from '../../../programs/run-program.ts'
import { whatTheKernelLacks } from './kernel-check.ts'

/** What is tried, without the namespaces, which take a root. */
const unisolated: typeof runProgram = async ([, ...args]) => {
  const { runProgram } = await import('../../../programs/run-program.ts')
  return runProgram(['sh', ...args.slice(args.indexOf('-c'))])
}

test('each thing that fails is one reason, with what a program said; what goes well is none', async () => {
  const probes = [
    { probe: 'true && echo fine', words: 'first' },
    { probe: 'echo no such thing >&2; exit 3', words: 'second' },
    { probe: 'cd / && false', words: 'third' },
  ]
  expect(await whatTheKernelLacks(probes, unisolated)).toEqual(['second. It said: no such thing', 'third'])
})

test('where no namespaces can be made, that is the reason', async () => {
  const refused = () => Promise.reject(new Error('unshare failed: Operation not permitted'))
  const reasons = await whatTheKernelLacks(undefined, refused)
  expect(reasons).toHaveLength(1)
  expect(reasons[0]).toMatch(/--privileged.*not permitted/)
})
