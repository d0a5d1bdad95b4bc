import { expect, test } from 'vitest'
import { nodeBuildImage } from './node-build-image.ts'
import { nodeRuntimeImage } from './node-runtime-image.ts'
import { baseImages } from './operator-image.ts'

test('the bases are those that the environment names, the default ones, or made here', () => {
  const bases = (build: string, node: string) => baseImages({ BUILD_IMAGE: build, NODE_IMAGE: node })
  expect(bases('mirror/node:24', 'mirror/distroless:24')).toEqual({
    build: 'mirror/node:24',
    node: 'mirror/distroless:24',
  })
  expect(bases('default', 'default')).toEqual({ build: '', node: '' })
  expect(bases('local', 'local')).toEqual({ build: nodeBuildImage, node: nodeRuntimeImage })
})
