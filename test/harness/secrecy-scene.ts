import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cluster } from '../control-plane/cluster.ts'
import { createAuthority, createLeaf, type KeyType, type TestCertificate } from '../fixtures/certificates.ts'
import { Canaries } from './canary.ts'
import type { OperatorProcess, OperatorProcessOptions } from './operator-process.ts'
import { World } from './world.ts'

/** Stands above every leaf of a scene; its own key is nowhere. */
export const issuer = await createAuthority({ name: 'Issuer' })

/** A world in which every secret can be told from every other text, wherever it turns up. */
export class SecrecyScene {
  readonly world: World
  /** The credentials of both sides, and the keys of all leaves so far. */
  readonly canaries: Canaries
  /** The bearer token of the operator. */
  readonly token: string
  /** The operator's working directory, with nothing in it. */
  readonly directory: string
  readonly #account = {
    secretId: 'AKIDsecrecy',
    secretKey: randomBytes(24).toString('hex'),
    token: randomBytes(48).toString('base64'),
  }

  private constructor(world: World) {
    this.world = world
    this.token = readFileSync(world.account.tokenFile, 'utf8')
    this.canaries = new Canaries()
      .addText('SecretKey', this.#account.secretKey)
      .addText('session token', this.#account.token)
      .addText("operator's token", this.token)
    this.directory = mkdtempSync(join(tmpdir(), 'secrecy-'))
    world.simulator.setCredentials([this.#account])
  }

  static async create(cluster: Cluster): Promise<SecrecyScene> {
    return new SecrecyScene(await World.create(cluster))
  }

  /** A certificate whose key is told as `key of NAME`. */
  async leaf(name: string, keyType: Exclude<KeyType, 'ed25519'> = 'ecdsa'): Promise<TestCertificate> {
    const leaf = await createLeaf({ issuer, commonName: `${name}.example.com`, keyType })
    this.canaries.addKey(`key of ${name}`, leaf.key)
    return leaf
  }

  /** Starts the bundle with the log at its most talkative. */
  startOperator(
    overrides: Readonly<Record<string, string>> = {},
    extra: Pick<OperatorProcessOptions, 'extraNodeFlags'> = {},
  ): OperatorProcess {
    const { secretId, secretKey, token } = this.#account
    const environment = {
      TENCENTCLOUD_SECRET_ID: secretId,
      TENCENTCLOUD_SECRET_KEY: secretKey,
      TENCENTCLOUD_SESSION_TOKEN: token,
    }
    const options = { 'log-level': 'trace', ...overrides }
    return this.world.startOperator(options, environment, { cwd: this.directory, ...extra })
  }

  /** All that can be read of Secrets and Events with the right to see metadata. */
  async shownInCluster(): Promise<string> {
    const { admin } = this.world.cluster
    const { namespace } = this.world
    const secrets = await admin.listSecrets(namespace)
    const events = await admin.request('GET', `/apis/events.k8s.io/v1/namespaces/${namespace}/events`)
    return JSON.stringify([secrets.map((it) => it.metadata), events])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]()
    rmSync(this.directory, { recursive: true })
  }
}
