import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { parseArgs } from 'node:util'
import type { Call } from './call-log.ts'
import { chainTagOf } from './chain-tag.ts'
import { openControlPort } from './control.ts'
import { isProfileName, type ProfileName, profileNames } from './profile.ts'
import { type ServerCertificate, startSimulator } from './server.ts'
import { isTraitsName, type Traits, traitsNames, traitsOf } from './traits.ts'

const help = `A simulator of Tencent Cloud's SSL Certificate service (API version 2019-12-05).

  npm run simulator -- --secret-id ID --secret-key KEY [options]

  --secret-id ID       the SecretId that may call (required)
  --secret-key KEY     its SecretKey (required)
  --token T            the session token that has to come along; none is accepted without this
  --port P             port of the API (default: a free one)
  --control-port P     port for faults and for looking at calls (default: a free one)
  --listen-address A   where both ports listen (default: 127.0.0.1); anyone who reaches the control port is in
                       control, and clients insist on TLS beyond the loopback address
  --tls-cert FILE      PEM, with --tls-key: the API speaks https; the control port stays plain http
  --tls-key FILE       PEM, the certificate's private key
  --profile NAME       how the service behaves where that is not known (default: default):
                       ${profileNames.join(', ')}
  --traits NAMES       what else the account does, separated by commas (default: nothing):
                       ${wrapped(traitsNames)}
  --rate-limit N       requests a second and action (default: 10)
  --json               one JSON object per call instead of a plain line
  --help               this text

Served: UploadCertificate, DescribeCertificates, CheckCertificateExist.
Point a client at the first URL it prints, for example: --tencent-endpoint http://127.0.0.1:PORT
Look at what it did with:  curl http://127.0.0.1:CONTROL/calls
`

/** Names in the right column of the help, four to a line. */
function wrapped(names: readonly string[]): string {
  const lines = names.flatMap((_, at) => (at % 4 === 0 ? [names.slice(at, at + 4).join(', ')] : []))
  return lines.join(`,\n${' '.repeat(23)}`)
}

interface Arguments {
  readonly secretId: string
  readonly secretKey: string
  readonly token?: string
  readonly port: number
  readonly controlPort: number
  readonly listenAddress: string
  readonly tls?: ServerCertificate
  readonly profile: ProfileName
  readonly traits: Traits
  readonly rateLimit: number
  readonly json: boolean
}

/** @throws Error that lists everything that is wrong, a line each */
function readArguments(): Arguments | 'help' {
  const { values } = parseArgs({
    options: {
      'secret-id': { type: 'string' },
      'secret-key': { type: 'string' },
      token: { type: 'string' },
      port: { type: 'string', default: '0' },
      'control-port': { type: 'string', default: '0' },
      'listen-address': { type: 'string', default: '127.0.0.1' },
      'tls-cert': { type: 'string' },
      'tls-key': { type: 'string' },
      profile: { type: 'string', default: 'default' },
      traits: { type: 'string', default: '' },
      'rate-limit': { type: 'string', default: '10' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const problems: string[] = []
  const number = (name: 'port' | 'control-port' | 'rate-limit', most: number) => {
    const text = values[name]
    if (!/^\d+$/.test(text) || Number(text) > most) {
      problems.push(`--${name} ${text}: expected a whole number up to ${most}`)
    }
    return Number(text)
  }
  const required = (name: 'secret-id' | 'secret-key') => {
    const text = values[name] ?? ''
    if (text === '') problems.push(`--${name} is required`)
    return text
  }
  const { profile: profileText } = values
  const profile = isProfileName(profileText) ? profileText : 'default'
  if (profile !== profileText) {
    problems.push(`--profile ${profileText}: expected one of ${profileNames.join(', ')}`)
  }
  const names = values.traits.split(',').filter((name) => name !== '')
  const unknown = names.filter((name) => !isTraitsName(name))
  if (unknown.length > 0) {
    problems.push(`--traits ${unknown.join(',')}: expected names among ${traitsNames.join(', ')}`)
  }
  const listenAddress = values['listen-address']
  if (isIP(listenAddress) === 0) problems.push(`--listen-address ${listenAddress}: expected an IP address`)
  const file = (name: 'tls-cert' | 'tls-key') => {
    const path = values[name]
    try {
      return path === undefined ? undefined : readFileSync(path, 'utf8')
    } catch (error) {
      problems.push(`--${name} ${path}: ${(error as NodeJS.ErrnoException).code}`)
      return undefined
    }
  }
  const cert = file('tls-cert')
  const key = file('tls-key')
  if ((values['tls-cert'] === undefined) !== (values['tls-key'] === undefined)) {
    problems.push('--tls-cert and --tls-key come together')
  }
  const read = {
    secretId: required('secret-id'),
    secretKey: required('secret-key'),
    ...(values.token !== undefined && { token: values.token }),
    port: number('port', 65_535),
    controlPort: number('control-port', 65_535),
    listenAddress,
    ...(cert !== undefined && key !== undefined && { tls: { cert, key } }),
    profile,
    traits: traitsOf(...names.filter(isTraitsName)),
    rateLimit: number('rate-limit', 1_000_000),
    json: values.json,
  }
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return read
}

function plainLine(call: Call): string {
  const { arrivedAt, action, result, delivery, certificateId, leafFingerprint, alias } = call
  const chain = chainTagOf(call.tags)
  const details = [
    certificateId && `id=${certificateId}`,
    leafFingerprint && `leaf=${leafFingerprint.slice(0, 12)}`,
    chain && `chain=${chain.chainFingerprint.slice(0, 16)}`,
    alias && `alias=${JSON.stringify(alias)}`,
    delivery !== 'answered' && `delivery=${delivery}`,
  ]
  return [arrivedAt, action || '(no action)', result, ...details.filter(Boolean)].join('  ')
}

async function run(): Promise<void> {
  const args = readArguments()
  if (args === 'help') {
    process.stdout.write(help)
    return
  }
  const { secretId, secretKey, token, controlPort, json, ...options } = args
  const print = (call: Call) => process.stdout.write(`${json ? JSON.stringify(call) : plainLine(call)}\n`)
  const simulator = await startSimulator({
    ...options,
    credentials: [{ secretId, secretKey, ...(token !== undefined && { token }) }],
    onCall: print,
  })
  const control = await openControlPort(simulator, controlPort, args.listenAddress).catch(
    async (error: unknown) => {
      await simulator.close()
      throw error
    },
  )
  const urls = { api: simulator.url, control: control.url, profile: args.profile }
  process.stdout.write(
    json
      ? `${JSON.stringify(urls)}\n`
      : `API      ${urls.api}\ncontrol  ${urls.control}\nprofile  ${args.profile}\n`,
  )
  const stop = () => void Promise.all([control.close(), simulator.close()]).then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
}

try {
  await run()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nTry --help.\n`)
  process.exitCode = 2
}
