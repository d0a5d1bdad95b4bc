import { expect, test } from 'vitest'
import { goEnvironment, readPackageList } from './go-build.ts'

test('a Go older than 1.21 is refused, with both versions', () => {
  expect(() => goEnvironment({}, '1.19.8')).toThrow('the go on the PATH is 1.19.8; 1.21 or newer is needed')
})

test('a Go that is too old for go.mod may fetch the toolchain it needs, whatever its setting', () => {
  expect(goEnvironment({ GOTOOLCHAIN: 'local' }, '1.21.0')['GOTOOLCHAIN']).toBe('auto')
  expect(goEnvironment({}, '1.25.9')['GOTOOLCHAIN']).toBe('auto')
})

test('a Go that is new enough keeps its setting', () => {
  expect(goEnvironment({ GOTOOLCHAIN: 'local' }, '1.99')['GOTOOLCHAIN']).toBe('local')
  expect(goEnvironment({}, '1.99.1')).not.toHaveProperty('GOTOOLCHAIN')
})

test("the user's Go settings for other work do not change what is built", () => {
  const env = goEnvironment(
    { GOOS: 'plan9', GOWORK: '/w/go.work', CGO_ENABLED: '1', GOPROXY: 'kept' },
    '1.99',
  )
  expect(env).toMatchObject({ GOOS: process.platform, GOWORK: 'off', CGO_ENABLED: '0', GOPROXY: 'kept' })
})

test('packages that are in the cache count as built', () => {
  const { total, toBuild } = readPackageList('unsafe\nfmt\nk8s.io/a stale\nk8s.io/b stale\n')
  expect(total).toBe(3)
  expect([...toBuild]).toEqual(['k8s.io/a', 'k8s.io/b'])
})
