import { defineConfig } from 'vitest/config'
import { maxWorkers } from './packages/testkit/src/vitest.mjs'

const apps = ['bench', 'examples', 'start'].map((app) => `apps/${app}/vitest.config.ts`)

/** What needs nothing but Node.js. vitest.world.config.ts has the rest. */
export default defineConfig({
  test: {
    projects: ['packages/*/vitest.config.ts', ...apps],
    maxWorkers,
    coverage: { provider: 'v8', include: ['packages/*/src/**'] },
  },
})
