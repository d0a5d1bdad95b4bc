import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { KubeConfig } from './kube-config.ts'

const folder = mkdtempSync(join(tmpdir(), 'kube-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Writes a file into the test's folder and returns its path. */
function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

function yaml(server: string, user: string, cluster = ''): string {
  return file(
    'kubeconfig',
    `apiVersion: v1
kind: Config
current-context: one
contexts:
- {name: two, context: {cluster: other, user: me}}
- {name: one, context: {cluster: this, user: me}}
clusters:
- name: this
  cluster: {server: "${server}", ${cluster}}
- {name: other, cluster: {server: "https://other"}}
users:
- name: me
  user: ${user}
`,
  )
}

const base64 = (text: string) => Buffer.from(text).toString('base64')

describe('a kubeconfig', () => {
  test('gives the server of its current context, the CA and the client certificate', async () => {
    const data = `{client-certificate-data: ${base64('cert')}, client-key-data: ${base64('key')}}`
    const cluster = `certificate-authority-data: ${base64('ca')}, tls-server-name: kubernetes.default`
    const config = new KubeConfig({ file: yaml('https://10.0.0.1:6443/', data, cluster) })
    const { server, tls, headers } = await config.read()
    expect(server.href).toBe('https://10.0.0.1:6443/')
    expect(config.server().origin).toBe('https://10.0.0.1:6443')
    expect(tls).toEqual({
      ca: Buffer.from('ca'),
      cert: Buffer.from('cert'),
      key: Buffer.from('key'),
      servername: 'kubernetes.default',
    })
    expect(headers).toEqual({})
  })

  test('names files relative to itself, and they are read anew each time', async () => {
    file('ca.pem', 'ca 1')
    file('cert.pem', 'cert')
    file('key.pem', 'key')
    file('token', 'token 1\n')
    const user = '{client-certificate: cert.pem, client-key: key.pem, tokenFile: token}'
    const config = new KubeConfig({ file: yaml('https://10.0.0.1', user, 'certificate-authority: ca.pem') })
    expect(await config.read()).toMatchObject({
      tls: { ca: Buffer.from('ca 1'), cert: Buffer.from('cert'), key: Buffer.from('key') },
      headers: { authorization: 'Bearer token 1' },
    })
    file('ca.pem', 'ca 2')
    file('token', 'token 2')
    expect(await config.read()).toMatchObject({
      tls: { ca: Buffer.from('ca 2') },
      headers: { authorization: 'Bearer token 2' },
    })
  })

  test.each([
    ['{token: abc}', { authorization: 'Bearer abc' }],
    ['{username: u, password: p}', { authorization: `Basic ${base64('u:p')}` }],
    ['{token: abc, as: other}', { authorization: 'Bearer abc', 'impersonate-user': 'other' }],
  ])('with user %s sends those headers', async (user, headers) => {
    expect((await new KubeConfig({ file: yaml('https://x', user) }).read()).headers).toEqual(headers)
  })

  test('asks a credential plugin once, and again when its token was refused', async () => {
    const count = join(folder, 'count')
    const script = `echo >> ${count}; echo "{\\"status\\":{\\"token\\":\\"t$(wc -l < ${count} | tr -d ' ')\\"}}"`
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script] }
    const config = new KubeConfig({ file: yaml('https://x', `{exec: ${JSON.stringify(exec)}}`) })
    expect((await config.read()).headers).toEqual({ authorization: 'Bearer t1' })
    expect((await config.read()).headers).toEqual({ authorization: 'Bearer t1' })
    expect((await config.read(true)).headers).toEqual({ authorization: 'Bearer t2' })
  })

  test('a credential plugin that fails is named without its words', async () => {
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'sh',
      args: ['-c', 'echo CANARY >&2; exit 1'],
    }
    const config = new KubeConfig({ file: yaml('https://x', `{exec: ${JSON.stringify(exec)}}`) })
    const error = await config.read().catch((reason: unknown) => reason)
    expect(String(error)).toContain('credential plugin')
    expect(String(error)).not.toContain('CANARY')
  })

  test.each([
    ['plain http beyond this host', () => yaml('http://10.0.0.1', '{}'), /https/],
    ['no URL', () => yaml('10.0.0.1', '{}'), /not a valid URL/],
    ['a proxy', () => yaml('https://x', '{}', 'proxy-url: "http://proxy"'), /proxy-url/],
    ['no such context', () => file('bad', '{"current-context":"gone"}'), /no context named "gone"/],
    ['no content', () => file('bad', '[]'), /is empty/],
    ['no YAML', () => file('bad', 'a: [token'), /invalid YAML/],
    ['no file', () => join(folder, 'missing'), /ENOENT/],
  ])('that has %s is refused in words', (_, write, words) => {
    expect(() => new KubeConfig({ file: write() }).server()).toThrow(words)
  })

  test('that is broken is not quoted', () => {
    expect(() => new KubeConfig({ file: file('bad', 'token: "CANARY') }).server()).toThrow(/^(?!.*CANARY)/s)
  })

  test('plain http is fine on this host', () => {
    expect(new KubeConfig({ file: yaml('http://127.0.0.1:8001', '{}') }).server().port).toBe('8001')
  })
})

describe('in a pod', () => {
  const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }

  test('the ServiceAccount is used', async () => {
    file('ca.crt', 'ca')
    file('token', 'first')
    const config = new KubeConfig({ environment, serviceAccountDirectory: folder })
    expect(config.server().href).toBe('https://[fd00::1]/')
    expect(await config.read()).toMatchObject({
      tls: { ca: Buffer.from('ca') },
      headers: { authorization: 'Bearer first' },
    })
  })

  test('outside of one, and without a kubeconfig, the error says what to do', () => {
    expect(() => new KubeConfig({ environment: {} }).server()).toThrow(/--kubeconfig FILE/)
  })
})
