import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { testFolder } from '../programs/test-folder.ts'
import { downloadEnvtest } from './envtest.ts'
import { freePorts } from './ports.ts'

const wanted = { version: '1.36.3', os: 'linux', arch: 'amd64' }
const silent = { step: () => {}, update: () => {}, say: () => {}, stop: () => {} }

/** An archive as it is published, and a server on loopback that has it behind a redirect, and an index. */
async function publish(sha512?: string) {
  const work = testFolder()
  mkdirSync(join(work, 'controller-tools/envtest'), { recursive: true })
  for (const name of ['etcd', 'kube-apiserver', 'kubectl']) {
    writeFileSync(join(work, 'controller-tools/envtest', name), `I am ${name}`, { mode: 0o755 })
  }
  execFileSync('tar', ['-czf', 'archive.tar.gz', 'controller-tools'], { cwd: work })
  const archive = readFileSync(join(work, 'archive.tar.gz'))
  const server = createServer((request, response) => {
    const host = `http://${request.headers.host}`
    if (request.url === '/index.yaml') {
      const hash = sha512 ?? createHash('sha512').update(archive).digest('hex')
      const entry = `    envtest-v1.36.3-linux-amd64.tar.gz:\n      hash: ${hash}\n      selfLink: ${host}/moved\n`
      response.end(`releases:\n  v1.36.3:\n${entry}`)
    } else if (request.url === '/moved') response.writeHead(302, { location: `${host}/archive` }).end()
    else response.end(archive)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/index.yaml`
}

test('the two programs of the archive that the index names are unpacked', async () => {
  const folder = testFolder()
  await downloadEnvtest(folder, wanted, silent, await publish())
  expect(readFileSync(join(folder, 'etcd'), 'utf8')).toBe('I am etcd')
  expect(readFileSync(join(folder, 'kube-apiserver'), 'utf8')).toBe('I am kube-apiserver')
})

test('an archive whose checksum is not that of the index is refused before it is unpacked', async () => {
  const folder = testFolder()
  const index = await publish('ab'.repeat(64))
  await expect(downloadEnvtest(folder, wanted, silent, index)).rejects.toThrow(
    'the index says abababababababab',
  )
  expect(existsSync(join(folder, 'etcd'))).toBe(false)
})

test('a version or machine that has no archive is named', async () => {
  const index = await publish()
  await expect(downloadEnvtest(testFolder(), { ...wanted, arch: 's390x' }, silent, index)).rejects.toThrow(
    'no archive of v1.36.3 for linux-s390x',
  )
})

test('a network that refuses costs no time', async () => {
  const [port] = await freePorts(1)
  const began = performance.now()
  await expect(downloadEnvtest(testFolder(), wanted, silent, `http://127.0.0.1:${port}/`)).rejects.toThrow()
  expect(performance.now() - began).toBeLessThan(5_000)
})
