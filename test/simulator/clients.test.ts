import { Agent } from 'node:http'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { Capi } from '@tencent-sdk/capi'
import sdk from 'tencentcloud-sdk-nodejs/tencentcloud/services/ssl/v20191205/index.js'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { isObject } from './parameters.ts'
import { type Simulator, startSimulator } from './server.ts'
import { credentials } from './testing/call.ts'
import { testLeaf, testRoot, uploadOf } from './testing/material.ts'
import { type Relay, startRelay } from './testing/relay.ts'

/** Where and how a client that was not written here is to sign and send. */
interface Signing {
  readonly secretKey: string
  /** `ssl`, or another one for the calls that have to be refused. */
  readonly service: string
}

interface Client {
  readonly name: string
  /** Rejects with the client's own error where the answer is one. */
  call(action: string, parameters: object, signing: Signing): Promise<Record<string, unknown>>
}

interface IntlClient {
  [action: string]: (
    parameters: object,
    done: (error: Error | null, answer: { to_json_string(): string }) => void,
  ) => void
}
type IntlConstructor = new (credential: object, region: string, profile: object) => IntlClient
// The package comes without types.
const intl = createRequire(import.meta.url)(
  'tencentcloud-sdk-nodejs-intl-en/tencentcloud/ssl/v20191205/index.js',
) as { readonly Client: IntlConstructor }

const { secretId, secretKey } = credentials
const proper: Signing = { secretKey, service: 'ssl' }

let simulator: Simulator
let relay: Relay

beforeEach(async () => {
  simulator = await startSimulator({
    credentials: [credentials],
    rateLimit: 1000,
    // Not Date: tests of a wrong clock change it under the clients' feet.
    now: () => performance.timeOrigin + performance.now(),
  })
  relay = await startRelay(simulator.port)
})

afterEach(async () => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
  await simulator.close()
  await relay.close()
})

class LoopbackAgent extends Agent {
  override createConnection() {
    return connect(relay.port, '127.0.0.1')
  }
}

function sdkClient(httpProfile: object, signing: Signing) {
  const credential = { secretId, secretKey: signing.secretKey }
  return new sdk.v20191205.Client({ credential, region: '', profile: { httpProfile } })
}

const clients: readonly Client[] = [
  {
    name: 'the SDK at the real host name',
    call: (action, parameters, signing) => {
      const endpoint = `${signing.service}.tencentcloudapi.com`
      const httpProfile = { endpoint, protocol: 'http://', agent: new LoopbackAgent() }
      return sdkClient(httpProfile, signing).request(action, parameters)
    },
  },
  {
    name: 'the international SDK at the real host name',
    call: (action, parameters, signing) => {
      vi.stubEnv('http_proxy', `http://127.0.0.1:${relay.port}`)
      const endpoint = `${signing.service}.intl.tencentcloudapi.com`
      return callIntl(endpoint, action, parameters, signing)
    },
  },
  {
    name: 'the independent signer of @tencent-sdk/capi',
    call: async (action, parameters, signing) => {
      const host = `127.0.0.1:${relay.port}`
      const capi = new Capi({
        secretId,
        secretKey: signing.secretKey,
        serviceType: signing.service,
        region: 'ap-guangzhou',
        version: '2019-12-05',
      })
      const answer: unknown = await capi.request(
        { action, ...parameters },
        { isV3: true, host, protocol: 'http' },
      )
      const response = isObject(answer) && isObject(answer['Response']) ? answer['Response'] : {}
      if (!isObject(response['Error'])) return response
      throw Object.assign(new Error(), { code: response['Error']['Code'] })
    },
  },
]

function callIntl(endpoint: string, action: string, parameters: object, signing: Signing) {
  // A token that is undefined would be sent as the text "undefined".
  const client = new intl.Client({ secretId, secretKey: signing.secretKey, token: null }, '', {
    signMethod: 'TC3-HMAC-SHA256',
    httpProfile: { endpoint, protocol: 'http://', reqMethod: 'POST', reqTimeout: 60 },
  })
  return new Promise<Record<string, unknown>>((resolve, reject) => {
    client[action]?.(parameters, (error, answer) =>
      error === null ? resolve(JSON.parse(answer.to_json_string())) : reject(error),
    )
  })
}

describe.each(clients)('$name', ({ call }) => {
  const upload = async (signing: Signing) => {
    const parameters = { ...uploadOf(await testLeaf(), await testRoot()), Alias: 'good-证书' }
    return call('UploadCertificate', parameters, signing)
  }

  async function expectRefusal(signing: Signing, code: string) {
    await expect(upload(signing)).rejects.toMatchObject({ code })
    expect(simulator.calls()).toMatchObject([{ action: 'UploadCertificate', result: code }])
    expect(simulator.certificates()).toEqual([])
  }

  test('is served when it signs properly, and reads back what it stored', async () => {
    const uploaded = await upload(proper)
    expect(simulator.certificates()).toMatchObject([{ id: uploaded['CertificateId'], alias: 'good-证书' }])
    const listed = await call('DescribeCertificates', { CertIds: [uploaded['CertificateId']] }, proper)
    expect(listed).toMatchObject({
      TotalCount: 1,
      Certificates: [{ CertificateId: uploaded['CertificateId'], Alias: 'good-证书' }],
    })
  })

  test('is refused with a wrong key', () =>
    expectRefusal({ ...proper, secretKey: 'wrong' }, 'AuthFailure.SignatureFailure'))

  test('is refused when it signs for another service', () =>
    expectRefusal({ ...proper, service: 'cvm' }, 'AuthFailure.SignatureFailure'))

  test.each([-400, 400])('is refused when its clock is %i s off', async (seconds) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
    await expectRefusal(proper, 'AuthFailure.SignatureExpire')
  })

  test('is refused when the body is changed on its way', async () => {
    relay.tamper = { from: '"Alias":"good', to: '"Alias":"evil' }
    await expectRefusal(proper, 'AuthFailure.SignatureFailure')
    expect(simulator.calls()).toMatchObject([{ alias: 'evil-证书' }])
  })
})

test('both SDKs are served at 127.0.0.1:PORT and localhost:PORT, whatever service they derive from it', async () => {
  for (const endpoint of [simulator.host, `localhost:${simulator.port}`]) {
    const client = sdkClient({ endpoint, protocol: 'http://' }, proper)
    expect(await client.DescribeCertificates({})).toMatchObject({ TotalCount: 0 })
    expect(await callIntl(endpoint, 'DescribeCertificates', {}, proper)).toMatchObject({ TotalCount: 0 })
  }
})
