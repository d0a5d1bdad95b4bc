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
            'test/{simulator,control-plane,fakes,fixtures,demo,harness,bench,mutants,tools}/**/*.test.ts',
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
    ],
  },
})
