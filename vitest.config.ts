import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    retry: 0,
    reporters: ['default', ['json', { outputFile: 'dist/test-results.json' }]],
    testTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'test/{heart,explorer,simulator,control-plane,programs,fakes,fixtures,demo,harness,bench,mutants,tools,images}/**/*.test.ts',
            'test/e2e/**/*.test.ts',
          ],
          exclude: ['**/*.integration.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'test/control-plane/*.integration.test.ts'],
          globalSetup: ['test/control-plane/global.ts'],
          testTimeout: 90_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'chart',
          include: ['test/chart/**/*.test.ts'],
          // Builds come first: no control plane has to run meanwhile.
          globalSetup: ['test/chart/global.ts', 'test/control-plane/global-newest.ts'],
          testTimeout: 90_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'container',
          include: ['test/container/**/*.test.ts'],
          globalSetup: ['test/container/global.ts'],
          testTimeout: 180_000,
          hookTimeout: 900_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          // No cluster may run meanwhile: these start and kill their own.
          name: 'e2e-alone',
          include: ['test/e2e/**/*.alone.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
