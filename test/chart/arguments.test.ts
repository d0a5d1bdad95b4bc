import { describe, expect, test } from 'vitest'
import { type Config, optionsTable, parseConfig } from '../../src/config.ts'
import { type Rendering, render, variants } from './chart.ts'
import { argumentsOf } from './installed-chart.ts'
import { at } from './kubernetes-object.ts'

const required = { clusterName: 'test', credentials: { existingSecret: 'tencent-cloud' } }

/** What the operator makes of the arguments and variables that the chart gives it. */
async function configOf(rendering: Rendering): Promise<Config> {
  const objects = await render(rendering)
  const deployment = objects.find(({ kind }) => kind === 'Deployment')
  const env = (at(deployment, 'spec.template.spec.containers.0.env') ?? []) as {
    name: string
    value?: string
  }[]
  const invocation = parseConfig(
    argumentsOf(objects),
    Object.fromEntries(env.map(({ name, value }) => [name, value])),
    () => 'ops',
  )
  if (invocation.kind !== 'run') throw new Error(invocation.text)
  return invocation.config
}

describe('the operator understands the arguments', () => {
  test.each(variants)('of the variant %s', async (variant) => {
    const { clusterName } = await configOf({ variant })
    expect(clusterName).toBe('test')
  })

  test('and gets what the values say', async () => {
    expect(await configOf({ variant: 'everything-on' })).toMatchObject({
      account: 'team-a',
      credentials: { kind: 'directory', path: '/etc/credentials' },
      labelSelector: 'environment!=sandbox',
      resyncMs: 5 * 3_600_000,
      uploadsPerHour: 20,
      concurrency: 4,
      shutdownGraceMs: 20_000,
      logLevel: 'debug',
      dryRun: false,
    })
    expect(await configOf({ variant: 'namespaced' })).toMatchObject({ namespaces: ['shop', 'blog'] })
    expect(await configOf({ variant: 'default' })).toMatchObject({
      leaderElection: { leaseNamespace: 'ops' },
    })
  })
})

test("the chart's defaults are the operator's own, but for leader election", async () => {
  const objects = await render({ values: required, release: 'tencent-cert-sync' })
  const given = new Map(argumentsOf(objects).map((each) => each.slice(2).split('=') as [string, string]))
  const different = optionsTable()
    .map(({ flag, default: standard }) => ({ flag: flag.slice(2).split(' ')[0] as string, standard }))
    .filter(({ flag, standard }) => given.has(flag) && given.get(flag) !== standard)
    .map(({ flag }) => flag)
  expect(different).toEqual(['cluster-name', 'credentials-directory', 'leader-elect'])
})

test('every flag of the operator is a value of the chart, but for those that only make sense outside a pod', async () => {
  const everything = {
    watchNamespaces: ['shop'],
    labelSelector: 'a=b',
    leaderElection: { leaseNamespace: 'leases' },
    ...required,
  }
  const given = argumentsOf(await render({ values: everything })).map((each) => each.split('=')[0])
  const missing = optionsTable()
    .map(({ flag }) => flag.split(' ')[0])
    .filter((flag) => !given.includes(flag))
  expect(missing).toEqual(['--kubeconfig'])
})

test('without metrics the operator serves none', async () => {
  expect((await configOf({ variant: 'minimal' })).metricsAddress).toBeUndefined()
})
