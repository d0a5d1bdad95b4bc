import { describe, expect, test } from 'vitest'
import { type Config, ConfigurationError, optionsTable, parseConfig } from '../../src/config.ts'
import { type Rendering, render, variants } from './chart.ts'
import { argumentsOf } from './installed-chart.ts'
import { at } from './kubernetes-object.ts'
import { nested } from './values.ts'

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

/** Texts at the edge of what the operator takes, by flag and by the value of the chart. */
const edges: readonly (readonly [
  flag: string,
  value: string,
  taken: readonly string[],
  refused: readonly string[],
])[] = [
  ['--upload-budget', 'uploadBudget', ['1/h', '1000/h'], ['0/h', '1001/h', '5', '5/m']],
  ['--resync', 'resync', ['100ms', '168h', '167h60m'], ['99ms', '168h1ms', '0s', '10', '']],
  ['--shutdown-grace', 'shutdownGrace', ['1s', '1000ms', '39s999ms'], ['999ms', '1h1s']],
  ['--lease-duration', 'leaderElection.leaseDuration', ['10s1ms', '1h'], ['999ms', '1h1ms']],
  ['--renew-deadline', 'leaderElection.renewDeadline', ['6s', '14s999ms'], ['499ms', '1h1ms']],
  ['--retry-period', 'leaderElection.retryPeriod', ['100ms', '3s'], ['99ms', '10m1ms']],
  [
    '--lease-name',
    'leaderElection.leaseName',
    ['a', '1', 'a.b-c', `${'a'.repeat(63)}.${'b'.repeat(63)}`],
    ['A', 'a_b', '-a', 'a-', 'a..b', '.a', 'a'.repeat(64), `a${'.a'.repeat(127)}`],
  ],
  ['--lease-namespace', 'leaderElection.leaseNamespace', ['a', '2024', 'a'.repeat(63)], ['a.b', 'A', '-a']],
  [
    '--tencent-endpoint',
    'endpoint',
    ['ssl.tencentcloudapi.com', 'https://ssl.example.com:8443/', 'http://127.0.0.1:8080', 'http://localhost'],
    ['', 'http://ssl.tencentcloudapi.com', 'ftp://example.com', 'https://a/b', 'https://a?b', 'me@a', 'a b'],
  ],
  [
    '--label-selector',
    'labelSelector',
    ['tier=front,env in (production, staging)', '!a,b!=c,example.com/d==e', 'a notin (b)'],
    ['a=é', 'a;b', 'a="b"', 'a in (b', 'a,,b', 'a=b c', '-a', 'a'.repeat(1025)],
  ],
]

describe('chart and operator agree on', () => {
  const operatorTakes = (args: readonly string[], environment: Record<string, string> = {}) => {
    const usual = ['--cluster-name=test', '--dry-run=true']
    try {
      return parseConfig([...usual, ...args], environment, () => 'ops').kind === 'run'
    } catch (error) {
      if (error instanceof ConfigurationError) return false
      throw error
    }
  }

  test.each(edges)('%s', async (flag, path, taken, refused) => {
    for (const text of taken) {
      const args = argumentsOf(await render({ values: { ...required, ...nested(path, text) } }))
      expect(args).toContain(`${flag}=${text}`)
      expect(operatorTakes(args.filter((each) => !/^--(cluster-name|dry-run)=/.test(each))), text).toBe(true)
    }
    for (const text of refused) {
      expect(operatorTakes([`${flag}=${text}`]), text).toBe(false)
      const rendering = render({ values: { ...required, ...nested(path, text) } })
      await expect(rendering, text).rejects.toThrow(path.split('.').at(-1))
    }
  })

  test('the URL of a proxy', async () => {
    const rendering = (httpsProxy: string) => ({ values: { ...required, proxy: { httpsProxy } } })
    for (const url of [
      'http://proxy',
      'https://proxy:8443/',
      'http://me:p%40ss@10.0.0.1:3128',
      'http://[::1]:1',
    ]) {
      expect((await configOf(rendering(url))).proxy?.url).toBe(new URL(url).href)
    }
    for (const url of [
      'proxy.example.com:3128',
      'proxy',
      'socks5://proxy',
      'http://',
      'http://a/b',
      'http://a?b',
    ]) {
      expect(operatorTakes([], { HTTPS_PROXY: url }), url).toBe(false)
      await expect(render(rendering(url)), url).rejects.toThrow('httpsProxy')
    }
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
    inventoryInterval: '6h',
    leaderElection: { leaseNamespace: 'leases' },
    ...required,
  }
  const given = argumentsOf(await render({ values: everything })).map((each) => each.split('=')[0])
  const missing = optionsTable()
    .map(({ flag }) => flag.split(' ')[0])
    .filter((flag) => !given.includes(flag))
  expect(missing).toEqual(['--kubeconfig'])
})

test('the interval of the inventory is given only where it is not the default', async () => {
  const given = async (values: object) => argumentsOf(await render({ values: { ...required, ...values } }))
  expect((await given({})).filter((each) => each.startsWith('--inventory'))).toEqual([])
  for (const inventoryInterval of ['30m', 'off']) {
    expect(await given({ inventoryInterval })).toContain(`--inventory-interval=${inventoryInterval}`)
  }
})

test('without metrics the operator serves none', async () => {
  expect((await configOf({ variant: 'minimal' })).metricsAddress).toBeUndefined()
})
