import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { type Config, ConfigurationError, optionsTable, parseConfig } from './config.ts'

const credentials = { TENCENTCLOUD_SECRET_ID: 'an-id', TENCENTCLOUD_SECRET_KEY: 'a-secret-key' }
const required = ['--cluster-name', 'test']

function configOf(args: readonly string[] = [], environment: Record<string, string> = {}): Config {
  const invocation = parseConfig([...required, ...args], { ...credentials, ...environment })
  if (invocation.kind !== 'run') throw new Error(`asked for ${invocation.kind}`)
  return invocation.config
}

function problemsOf(
  args: readonly string[],
  environment: Record<string, string> = credentials,
  namespace: string | undefined = 'of-the-pod',
): readonly string[] {
  try {
    parseConfig(args, environment, () => namespace)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
  return []
}

const problemsWith = (...args: string[]) => problemsOf([...required, ...args])

describe('a proxy in the environment', () => {
  it('is taken for https, and not for loopback addresses that are spoken to in plain text', () => {
    const environment = { HTTPS_PROXY: 'http://proxy.example.com:3128' }
    expect(configOf([], environment).proxy).toMatchObject({ address: 'http://proxy.example.com:3128' })
    expect(configOf(['--tencent-endpoint', 'http://127.0.0.1:80'], environment).proxy).toBeUndefined()
  })

  it('that cannot be one is reported with all other problems, and not shown', () => {
    const environment = { ...credentials, https_proxy: 'socks5://user:hunter2@proxy' }
    const problems = problemsOf(['--tencent-endpoint', '#'], environment)
    expect(problems).toHaveLength(3)
    expect(problems.join()).toContain('https_proxy: expected the http or https URL of a proxy')
    expect(problems.join()).not.toContain('hunter2')
  })
})

describe('a command line that is right', () => {
  it('needs no more than a cluster name and credentials', () => {
    expect(configOf()).toEqual({
      clusterName: 'test',
      kubeconfig: undefined,
      namespaces: [],
      labelSelector: undefined,
      account: 'default',
      endpoint: {
        protocol: 'https',
        host: 'ssl.intl.tencentcloudapi.com',
        hostname: 'ssl.intl.tencentcloudapi.com',
        site: 'international',
      },
      proxy: undefined,
      credentials: { kind: 'environment', secretId: 'an-id', secretKey: 'a-secret-key' },
      dryRun: false,
      uploadSlots: 10,
      uploadsPerHour: 5,
      concurrency: 8,
      resyncMs: 36_000_000,
      inventoryMs: 3_600_000,
      leaderElection: undefined,
      shutdownGraceMs: 30_000,
      logLevel: 'info',
      logFormat: 'json',
      healthAddress: { port: 8081 },
      metricsAddress: { port: 9402 },
    } satisfies Config)
  })

  it.each<[string, string, Partial<Config>]>([
    ['--kubeconfig', '/k/config', { kubeconfig: '/k/config' }],
    ['--namespaces', 'shop, blog,shop', { namespaces: ['shop', 'blog'] }],
    ['--label-selector', 'tier in (a,b)', { labelSelector: 'tier in (a,b)' }],
    ['--account', 'second', { account: 'second' }],
    ['--credentials-directory', '/c', { credentials: { kind: 'directory', path: '/c' } }],
    ['--upload-slots', '1', { uploadSlots: 1 }],
    ['--concurrency', '64', { concurrency: 64 }],
    ['--upload-budget', '1000/h', { uploadsPerHour: 1000 }],
    ['--dry-run', 'true', { dryRun: true }],
    ['--dry-run', 'false', { dryRun: false }],
    ['--log-level', 'trace', { logLevel: 'trace' }],
    ['--log-format', 'pretty', { logFormat: 'pretty' }],
    ['--health-address', '127.0.0.1:0', { healthAddress: { host: '127.0.0.1', port: 0 } }],
    ['--metrics-address', 'off', { metricsAddress: undefined }],
    ['--resync', '1h30m', { resyncMs: 5_400_000 }],
    ['--shutdown-grace', '5s', { shutdownGraceMs: 5_000 }],
  ])('takes %s %s, also from the environment', (flag, text, expected) => {
    const variable = `TENCENT_CERT_SYNC_${flag.slice(2).toUpperCase().replaceAll('-', '_')}`
    expect(configOf([`${flag}=${text}`])).toMatchObject(expected)
    expect(configOf([], { [variable]: text })).toMatchObject(expected)
  })

  it('has a switch that needs no value', () => {
    expect(configOf(['--dry-run', '--account', 'x'])).toMatchObject({ dryRun: true, account: 'x' })
  })

  it('prefers the flag to the environment', () => {
    expect(configOf(['--account', 'flag'], { TENCENT_CERT_SYNC_ACCOUNT: 'variable' }).account).toBe('flag')
  })

  it('takes the cluster name from the environment', () => {
    const environment = { ...credentials, TENCENT_CERT_SYNC_CLUSTER_NAME: 'prod/eu:1' }
    expect(parseConfig([], environment)).toMatchObject({ config: { clusterName: 'prod/eu:1' } })
  })

  it('ignores what Kubernetes sets for a Service named tencent-cert-sync', () => {
    const environment = {
      TENCENT_CERT_SYNC_PORT: 'tcp://10.0.0.1:9402',
      TENCENT_CERT_SYNC_SERVICE_HOST: '10.0.0.1',
      TENCENT_CERT_SYNC_METRICS_SERVICE_PORT_HTTP: '9402',
      TENCENT_CERT_SYNC_PORT_9402_TCP_ADDR: '10.0.0.1',
    }
    expect(configOf([], environment)).toEqual(configOf())
  })

  it.each([['--help'], ['-h'], ['--upload-slots', 'x', '--help', '--nonsense']])(
    'shows help for %j',
    (...args) => {
      expect(parseConfig(args, {})).toEqual({ kind: 'help', text: expect.stringContaining('Usage:') })
    },
  )

  it('shows the version of the package', () => {
    expect(parseConfig(['--version'], {})).toEqual({ kind: 'version', text: `${manifest.version}\n` })
  })
})

describe('a command line that is wrong', () => {
  it.each([
    ['--cluster-name', ' x'],
    ['--cluster-name', 'x '],
    ['--cluster-name', 'a b'],
    ['--cluster-name', 'a,b'],
    ['--cluster-name', 'x'.repeat(256)],
    ['--kubeconfig', ''],
    ['--namespaces', 'Shop'],
    ['--namespaces', 'a,,b'],
    ['--namespaces', 'x'.repeat(64)],
    ['--namespaces', '-a'],
    ['--label-selector', 'a in ('],
    ['--account', 'a b'],
    ['--account', 'x'.repeat(64)],
    ['--tencent-endpoint', 'http://example.com'],
    ['--credentials-directory', ''],
    ['--upload-slots', '0'],
    ['--upload-slots', '11'],
    ['--upload-slots', '1e1'],
    ['--upload-slots', '5.5'],
    ['--concurrency', '0'],
    ['--concurrency', '65'],
    ['--concurrency', 'many'],
    ['--upload-budget', '5'],
    ['--upload-budget', '0/h'],
    ['--upload-budget', '5/m'],
    ['--upload-budget', '1001/h'],
    ['--dry-run', 'yes'],
    ['--log-level', 'INFO'],
    ['--log-level', 'silent'],
    ['--log-format', 'text'],
    ['--health-address', '8081'],
    ['--metrics-address', '1.2.3.4:70000'],
    ['--resync', '10'],
    ['--resync', '99ms'],
    ['--resync', '169h'],
    ['--shutdown-grace', '999ms'],
    ['--shutdown-grace', '2h'],
    ['--leader-elect', 'maybe'],
    ['--lease-name', 'Lease'],
    ['--lease-name', 'a/b'],
    ['--lease-name', 'a'.repeat(254)],
    ['--lease-namespace', 'a.b'],
    ['--lease-duration', '999ms'],
    ['--renew-deadline', '2h'],
    ['--retry-period', '99ms'],
  ])('refuses %s %j and names flag, value, expectation and an example', (flag, text) => {
    const args = flag === '--cluster-name' ? [`${flag}=${text}`] : [...required, `${flag}=${text}`]
    expect(problemsOf(args)).toEqual([
      expect.stringMatching(new RegExp(`^${flag}: got .+, expected .+; for example: ${flag}[ =]`)),
    ])
    const variable = `TENCENT_CERT_SYNC_${flag.slice(2).toUpperCase().replaceAll('-', '_')}`
    const fromEnvironment = problemsOf(flag === '--cluster-name' ? [] : required, {
      ...credentials,
      [variable]: text,
    })
    expect(fromEnvironment).toEqual([expect.stringContaining(`${flag} (from ${variable}): got `)])
  })

  it('says why it wants the name of the cluster', () => {
    expect(problemsOf([])).toEqual([
      expect.stringMatching(/^--cluster-name: required; .*tagged.*share an account/),
    ])
  })

  it.each(optionsTable().filter(({ flag }) => flag !== '--cluster-name NAME'))(
    'refuses $flag given twice',
    ({ flag, example }) => {
      const argument = `${flag.split(' ')[0]}=${example}`
      expect(problemsWith(argument, argument)).toEqual([`${flag.split(' ')[0]}: given twice, expected once`])
    },
  )

  it('notices a value that is missing, and still reads the flag that follows', () => {
    expect(problemsWith('--account', '--log-level', 'loud', '--namespaces')).toEqual([
      expect.stringContaining('--namespaces: got nothing'),
      expect.stringContaining('--account: got nothing'),
      expect.stringContaining('--log-level: got "loud"'),
    ])
  })

  it('suggests the flag that was meant', () => {
    expect(problemsWith('--namespace', 'shop')).toEqual([
      '"--namespace": there is no such option, did you mean --namespaces?',
    ])
  })

  it('reports short flags in one argument once', () => {
    expect(problemsWith('-abc')).toEqual(['"-a": there is no such option, see --help'])
  })

  it('suggests the variable that was meant', () => {
    expect(problemsOf(required, { ...credentials, TENCENT_CERT_SYNC_NAMESPACE: 'shop' })).toEqual([
      'TENCENT_CERT_SYNC_NAMESPACE: not known, did you mean TENCENT_CERT_SYNC_NAMESPACES?',
    ])
  })

  it('refuses arguments that belong to no option', () => {
    expect(problemsWith('--dry-run', 'false', '--', '--account')).toEqual([
      expect.stringContaining('"false": not expected'),
      expect.stringContaining('"--account": not expected'),
    ])
  })

  it('reports everything at once', () => {
    const problems = problemsOf(
      ['--upload-slots', '20', '--resync', 'x', '--bogus', '--account', 'a', '--account', 'b', 'stray'],
      { TENCENT_CERT_SYNC_LOG_LEVEL: 'loud' },
    )
    expect(problems.map((problem) => /^\S+/.exec(problem)?.[0])).toEqual([
      '"--bogus":',
      '--account:',
      '"stray":',
      '--cluster-name:',
      '--resync:',
      '--upload-slots:',
      '--log-level',
      'TENCENTCLOUD_SECRET_ID',
    ])
  })
})

describe('credentials', () => {
  it('are read from the environment, blanks around them dropped', () => {
    const environment = {
      TENCENTCLOUD_SECRET_ID: 'id\n',
      TENCENTCLOUD_SECRET_KEY: ' key ',
      TENCENTCLOUD_SESSION_TOKEN: 'token',
    }
    expect(configOf([], environment).credentials).toEqual({
      kind: 'environment',
      secretId: 'id',
      secretKey: 'key',
      token: 'token',
    })
  })

  it('may be missing in a dry run only', () => {
    expect(problemsOf(required, {})).toEqual([
      expect.stringMatching(
        /^TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY: not set.*--credentials-directory/,
      ),
    ])
    expect(parseConfig([...required, '--dry-run'], {})).toMatchObject({
      config: { credentials: { kind: 'none' } },
    })
  })

  it('are half given: the other half is asked for, also in a dry run', () => {
    for (const more of [[], ['--dry-run']]) {
      expect(problemsOf([...required, ...more], { TENCENTCLOUD_SECRET_ID: 'id' })).toEqual([
        expect.stringMatching(/^TENCENTCLOUD_SECRET_KEY: not set/),
      ])
    }
  })

  it('are taken from the directory where one is given, whatever the environment holds', () => {
    expect(configOf(['--credentials-directory', '/c']).credentials).toEqual({ kind: 'directory', path: '/c' })
    expect(parseConfig([...required, '--credentials-directory', '/c'], {})).toMatchObject({
      config: { credentials: { kind: 'directory' } },
    })
  })

  it.each(Object.keys({ ...credentials, TENCENTCLOUD_SESSION_TOKEN: '' }))(
    'are refused with blanks inside, without showing them: %s',
    (name) => {
      const problems = problemsOf(required, { ...credentials, [name]: 'canary\r\ncanary' })
      expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name}: holds blanks`))])
      expect(problems.join()).not.toContain('canary')
    },
  )
})

describe('secrecy of problems', () => {
  const canary = 'cAnArY-0123456789'

  it.each([
    ['the value of a flag that is not known', ['--secret-key', canary]],
    ['the same in one argument', [`--secret-key=${canary}`]],
    ['a value that looks like a flag', ['--secret-key', `-${canary}`]],
    ['the password of a URL', ['--tencent-endpoint', `https://user:${canary}@ssl.tencentcloudapi.com`]],
  ])('hides %s', (_, args) => {
    const problems = problemsWith(...args)
    expect(problems).not.toEqual([])
    expect(problems.join('\n')).not.toContain(canary)
  })

  it('hides the credentials of the environment wherever they were put', () => {
    const environment = { TENCENTCLOUD_SECRET_ID: 'x', TENCENTCLOUD_SECRET_KEY: `${canary}\n` }
    const problems = problemsOf(
      [...required, `--log-level=${canary}`, canary, `--${canary}`, `--account=a ${canary}`],
      environment,
    )
    expect(problems).toHaveLength(4)
    expect(problems.join('\n')).not.toContain(canary)
  })

  it('bounds what it shows', () => {
    const problems = problemsWith(
      `--account=${'x '.repeat(50_000)}`,
      'y'.repeat(50_000),
      `--${'z'.repeat(50_000)}`,
    )
    expect(problems).toHaveLength(3)
    for (const problem of problems) expect(problem.length).toBeLessThan(500)
  })
})

describe('any command line', () => {
  const flags = optionsTable().map(({ flag }) => flag.split(' ')[0] ?? '')
  const word = fc.oneof(
    fc.constantFrom(
      ...flags,
      '--',
      '-',
      '-x',
      '-abc',
      '--no-dry-run',
      '--__proto__',
      '--constructor',
      '5s',
      'off',
    ),
    fc.string({ unit: 'binary' }),
    fc.tuple(fc.constantFrom(...flags, '--'), fc.string()).map(([flag, text]) => `${flag}=${text}`),
  )
  const variables = optionsTable().map(({ environment }) => environment)

  it('is a configuration or a list of problems', () => {
    fc.assert(
      fc.property(
        fc.array(word),
        fc.dictionary(fc.oneof(fc.constantFrom(...variables), fc.string()), fc.string({ unit: 'binary' })),
        (args, environment) => {
          try {
            expect(parseConfig(args, environment).kind).toMatch(/^(run|help|version)$/)
          } catch (error) {
            expect(error).toBeInstanceOf(ConfigurationError)
            expect(error).toHaveProperty('problems.0')
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
