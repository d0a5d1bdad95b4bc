import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeFlags } from '../harness/operator-process.ts'
import { contextFolder } from './operator-image.ts'

const dockerfile = readFileSync(join(contextFolder, 'Dockerfile'), 'utf8')
/** Without comments, an instruction a line. */
const instructions = dockerfile
  .split('\n')
  .filter((line) => !line.startsWith('#'))
  .join('\n')
  .replaceAll('\\\n', '')
  .split('\n')

test('what tests start is started as the image starts it', () => {
  const entrypoint =
    instructions.find((line) => line.startsWith('ENTRYPOINT '))?.slice('ENTRYPOINT '.length) ?? ''
  expect(JSON.parse(entrypoint)).toEqual(['/nodejs/bin/node', ...nodeFlags, '/app/tencent-cert-sync.js'])
})

test('every builder can build it, the one before BuildKit too', () => {
  expect(dockerfile).not.toMatch(/^#\s*(syntax|escape)\s*=/im)
  expect(instructions.join('\n')).not.toMatch(
    /--link|--mount|--chmod|--platform|<<|TARGET(ARCH|OS|PLATFORM)|BUILDPLATFORM/,
  )
})

test('both bases are arguments, with bases that anybody can pull as their defaults', () => {
  expect(instructions).toContain('ARG BUILD_IMAGE=node:24-bookworm-slim')
  expect(instructions).toContain('ARG NODE_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot')
  expect(instructions.filter((line) => line.startsWith('FROM '))).toEqual([
    `FROM \${BUILD_IMAGE} AS build`,
    `FROM \${NODE_IMAGE}`,
  ])
})

test('the build reads what it copies and no tests', () => {
  const ignore = readFileSync(join(contextFolder, '.dockerignore'), 'utf8').split('\n')
  const copied = instructions
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(' ').slice(1, -1))
  for (const path of copied) expect(ignore).toContain(`!${path}`)
  expect(ignore[1]).toBe('*')
  expect(ignore).toContain('src/**/*.test.ts')
})
