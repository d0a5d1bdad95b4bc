import { expect, test } from 'vitest'
import { goEnvironment, goNameOf, readPackageList, requiredGoVersion } from './go-build.ts'

test('a Go older than 1.21 is refused, with both versions', () => {
  expect(() => goEnvironment({}, '1.19.8', '1.26.0')).toThrow(
    'the go on the PATH is 1.19.8; 1.21 or newer is needed',
  )
})

test('a Go that is too old for go.mod may fetch the toolchain it needs, whatever its setting', () => {
  expect(goEnvironment({ GOTOOLCHAIN: 'local' }, '1.21.0', '1.26.0')['GOTOOLCHAIN']).toBe('auto')
  expect(goEnvironment({}, '1.25.9', '1.26.0')['GOTOOLCHAIN']).toBe('auto')
})

test('a Go that is new enough keeps its setting', () => {
  expect(goEnvironment({ GOTOOLCHAIN: 'local' }, '1.99', '1.26.0')['GOTOOLCHAIN']).toBe('local')
  expect(goEnvironment({}, '1.99.1', '1.26.0')).not.toHaveProperty('GOTOOLCHAIN')
})

test("the user's Go settings for other work do not change what is built", () => {
  const env = goEnvironment(
    { GOOS: 'plan9', GOWORK: '/w/go.work', CGO_ENABLED: '1', GOPROXY: 'kept' },
    '1.99',
    '1.26.0',
  )
  expect(env).toMatchObject({ GOOS: process.platform, GOWORK: 'off', CGO_ENABLED: '0', GOPROXY: 'kept' })
})

test('packages that are in the cache count as built', () => {
  const { total, toBuild } = readPackageList('unsafe\nfmt\nk8s.io/a stale\nk8s.io/b stale\n')
  expect(total).toBe(3)
  expect([...toBuild]).toEqual(['k8s.io/a', 'k8s.io/b'])
})

test('the Go version is that of the go line', () => {
  expect(requiredGoVersion('module m\n\ngo 1.26.0\n')).toBe('1.26.0')
  expect(() => requiredGoVersion('module m\n')).toThrow('no go line')
})

test('a program is found under the name that Go gives it', () => {
  expect(goNameOf('go.etcd.io/etcd/server/v3')).toBe('server')
  expect(goNameOf('helm.sh/helm/v3/cmd/helm')).toBe('helm')
})
