import { expect, test } from 'vitest'
import { imageValues, mergeValues } from './chart-values.ts'

test.each([
  ['docker.io/local/tencent-cert-sync:0.1', 'docker.io/local/tencent-cert-sync', '0.1', ''],
  ['localhost:5000/tencent-cert-sync', 'localhost:5000/tencent-cert-sync', '', ''],
  ['localhost:5000/a:b@sha256:00', 'localhost:5000/a', 'b', 'sha256:00'],
])('%s is taken apart as the chart wants it', (reference, repository, tag, digest) => {
  expect(imageValues(reference)).toEqual({
    image: { registry: '', repository, tag, digest, pullPolicy: 'IfNotPresent' },
  })
})

test('later values win, objects are merged, and extra lists are joined', () => {
  const variant = { a: { b: 1, c: 2 }, extraEnv: [1], imagePullSecrets: [1] }
  const own = { a: { c: 3 }, extraEnv: [2], imagePullSecrets: [2] }
  expect(mergeValues(variant, own)).toEqual({
    a: { b: 1, c: 3 },
    extraEnv: [1, 2],
    imagePullSecrets: [2],
  })
})
