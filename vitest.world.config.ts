import { defineConfig } from 'vitest/config'
import { maxWorkers } from './packages/testkit/src/vitest.mjs'

const apps = ['package-check', 'playground', 'relay'].map((app) => `apps/${app}/vitest.config.ts`)

/** A real browser, relays in processes of their own, the packed packages: each test takes seconds. */
export default defineConfig({
  test: { projects: ['packages/*/vitest.world.config.ts', ...apps], maxWorkers },
})
