import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chainFingerprint, createAuthority, createLeaf } from '../fixtures/certificates.ts'
import { Canaries } from '../harness/canary.ts'
import { nodeFlags } from '../harness/operator-process.ts'
import { credentials, eventually } from '../harness/world.ts'
import { accountDirectory, ContainerWorld } from './container-world.ts'
import { ControlPlaneContainers } from './control-plane-containers.ts'
import { noDocker } from './docker.ts'

const issuer = await createAuthority({ name: 'Issuer' })

describe.skipIf(noDocker)('the operator in its container', () => {
  let cluster: ControlPlaneContainers
  beforeAll(async () => {
    cluster = await ControlPlaneContainers.start()
  })
  afterAll(() => cluster?.[Symbol.asyncDispose]())

  test('gives a Secret its CertificateId and an Event, and tells nobody the key', async () => {
    await using world = await ContainerWorld.create(cluster)
    const leaf = await createLeaf({ issuer, commonName: 'shop.example.com' })
    const canaries = new Canaries()
      .addKey('key of shop', leaf.key)
      .addText("operator's token", readFileSync(world.account.tokenFile, 'utf8'))
    await world.createSecret('shop', [leaf, issuer])
    const operator = await (await world.startOperator()).ready()

    const { uploaded } = await world.eventuallySynced('shop')
    expect(uploaded?.chainFingerprint).toBe(chainFingerprint('SVR', leaf, issuer))
    const [call, ...others] = await world.simulator.calls('UploadCertificate')
    expect(others).toEqual([])
    expect(uploaded?.certificateId).toBe(call?.certificateId)
    const reasons = async () =>
      (await cluster.admin.listEvents(world.namespace, 'shop')).map((it) => it.reason)
    await eventually('the Event is there', async () => (await reasons()).includes('CertificateUploaded'))

    const log = await operator.log()
    expect(log.length).toBeGreaterThan(3)
    for (const line of log) expect(line).toMatchObject({ level: expect.any(String), msg: expect.any(String) })
    expect(await operator.stderr()).toBe('')
    expect(canaries.tracesIn((await operator.stdout()) + (await operator.metrics()))).toEqual([])
  })

  test('runs as nobody in particular, with no rights, and can write nowhere', async () => {
    await using world = await ContainerWorld.create(cluster)
    const operator = await (await world.startOperator()).ready()

    expect(await operator.evaluate('[process.getuid(), process.getgid()].join()')).toBe('65532,65532')
    const status = await operator.evaluate('fs.readFileSync("/proc/1/status", "utf8")')
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      expect(status).toMatch(new RegExp(`^${set}:\\s+0+$`, 'm'))
    }
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m)
    expect(status).toMatch(/^Seccomp:\s+2$/m)
    const tryToWrite = (path: string) =>
      `try { fs.writeFileSync("${path}", ""); "written" } catch (error) { error.code }`
    for (const path of ['/file', '/app/tencent-cert-sync.js', '/tmp/file', '/home/nonroot/file']) {
      expect(await operator.evaluate(tryToWrite(path))).toMatch(/^(EROFS|EACCES)$/)
    }
    const commandLine = await operator.evaluate(
      'fs.readFileSync("/proc/1/cmdline", "utf8").split("\\0").join(" ")',
    )
    expect(commandLine).toContain(`/nodejs/bin/node ${nodeFlags.join(' ')} /app/tencent-cert-sync.js `)
  })

  test('sees new credentials in the mounted folder', async () => {
    await using world = await ContainerWorld.create(cluster)
    const operator = await (await world.startOperator()).ready()
    await world.createSecret('first', [await createLeaf({ issuer, commonName: 'first.example.com' }), issuer])
    await world.eventuallySynced('first')

    const renewed = { ...credentials, secretKey: 'another-secret-key' }
    await world.simulator.setCredentials([renewed])
    world.writeCredentials(renewed)
    await world.createSecret('second', [
      await createLeaf({ issuer, commonName: 'second.example.com' }),
      issuer,
    ])
    await world.eventuallySynced('second')
    expect(await operator.stderr()).toBe('')
  })

  test('takes a kubeconfig from anywhere, and authorities from NODE_EXTRA_CA_CERTS', async () => {
    await using world = await ContainerWorld.create(cluster)
    const folder = mkdtempSync(join(cluster.connection.folder, 'anywhere-'))
    chmodSync(folder, 0o755)
    const kubeconfig = {
      clusters: [{ name: 'it', cluster: { server: cluster.url } }],
      users: [{ name: 'it', user: { tokenFile: `${accountDirectory}/token` } }],
      contexts: [{ name: 'it', context: { cluster: 'it', user: 'it' } }],
      'current-context': 'it',
    }
    writeFileSync(join(folder, 'config'), JSON.stringify(kubeconfig))
    writeFileSync(join(folder, 'ca.crt'), cluster.caPem)
    await world.createSecret('shop', [await createLeaf({ issuer, commonName: 'shop.example.com' }), issuer])
    const operator = await world.startOperator({
      args: ['--kubeconfig', '/any/where/config'],
      environment: { NODE_EXTRA_CA_CERTS: '/any/where/ca.crt' },
      mounts: { '/any/where': folder },
    })
    await operator.ready()
    await world.eventuallySynced('shop')
    expect(await operator.stderr()).toBe('')
  })

  test('ends with 0 after SIGTERM, when the upload under way is done', async () => {
    await using world = await ContainerWorld.create(cluster)
    await world.simulator.fault({ kind: 'hold', at: 'before-answer' })
    await world.createSecret('shop', [await createLeaf({ issuer, commonName: 'shop.example.com' }), issuer])
    const operator = await (await world.startOperator()).ready()
    const uploads = () => world.simulator.calls('UploadCertificate')
    await eventually('an upload is under way', async () => (await uploads())[0]?.delivery === 'pending')

    const began = performance.now()
    await operator.signal('SIGTERM')
    await eventually('it is stopping', async () => (await operator.stdout()).includes('stopping'))
    expect(await operator.inspect('.State.Running')).toBe('true')
    await world.simulator.clearFaults()
    expect(await operator.exited()).toBe(0)
    expect(performance.now() - began).toBeLessThan(30_000)
    const { uploaded } = await world.eventuallySynced('shop')
    const calls = await uploads()
    expect(calls.map((it) => it.certificateId)).toEqual([uploaded?.certificateId])
  })

  test('keeps to 128 MiB while it uploads 200 certificates', async () => {
    await using world = await ContainerWorld.create(cluster)
    const names = Array.from({ length: 200 }, (_, index) => `shop-${index}`)
    const operator = await (await world.startOperator()).ready()
    for (const name of names) {
      await world.createSecret(name, [
        await createLeaf({ issuer, commonName: `${name}.example.com` }),
        issuer,
      ])
    }
    for (const name of names) await world.eventuallySynced(name)

    expect(await operator.inspect('.HostConfig.Memory')).toBe(String(128 * 1_048_576))
    expect(await operator.inspect('.State.OOMKilled')).toBe('false')
    expect(await operator.inspect('.State.Running')).toBe('true')
    expect(await world.simulator.calls('UploadCertificate')).toHaveLength(200)
  })
})
