import { defineConfig } from 'vitest/config'

// Not the house's `project`: these tests see what users get, never the source.
export default defineConfig({
  test: {
    name: 'package-check',
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/consumer.ts', 'test/compilers.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
