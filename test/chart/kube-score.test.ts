import { expect, test } from 'vitest'
import { goPrograms } from '../programs/go-programs.ts'
import { kubeScoreProgram } from '../programs/kube-score.ts'
import { runProgram } from '../programs/run-program.ts'
import { renderManifest } from './chart.ts'
import { descriptions, valuesText } from './values.ts'

/** What kube-score calls critical of a manifest. */
async function criticalOf(manifest: string): Promise<string[]> {
  const { 'kube-score': kubeScore } = await goPrograms(kubeScoreProgram)
  // It ends with an error where it finds something.
  const said = await runProgram(['sh', '-c', '"$0" score --output-format ci - || true', kubeScore], {
    input: manifest,
  })
  expect(said).toContain('[OK]')
  return said.split('\n').filter((line) => line.startsWith('[CRITICAL]'))
}

/** What is left as it is on purpose: the value, and the words beside it that say why. */
const reasons = [
  ['ImagePullPolicy is not set to Always', 'image.pullPolicy', /Some checkers ask for `Always`/],
  [
    'The pod does not have a matching NetworkPolicy',
    'networkPolicy.enabled',
    /off by default, although some checkers ask for one/,
  ],
  ['CPU limit is not set', 'resources', /no CPU limit, because a throttled leader loses its Lease/],
] as const

test('kube-score finds nothing critical in the default rendering but what its value gives a reason for', async () => {
  const critical = await criticalOf(await renderManifest({ variant: 'default' }))
  const unexplained = critical.filter((line) => !reasons.some(([finding]) => line.endsWith(finding)))
  expect(unexplained).toEqual([])
  expect(critical).toHaveLength(reasons.length)
  for (const [, value, reason] of reasons) expect(descriptions(valuesText()).get(value)).toMatch(reason)
})

test('kube-score finds what is critical: a container without limits', async () => {
  const values = { resources: null }
  const critical = await criticalOf(await renderManifest({ variant: 'default', values }))
  expect(critical.join('\n')).toMatch(/Memory limit is not set/)
})
