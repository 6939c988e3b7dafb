// Plain JavaScript, because vitest hands this file to Node.js as it is, and Node.js 20 does not read TypeScript.
import { defineConfig } from 'vitest/config'

/**
 * The vitest configuration of one package: its tests run on the source of every package of the house.
 *
 * @param {string} name
 * @param {import('vitest/config').ViteUserConfig['test']} [test]
 */
export function project(name, test) {
  const conditions = ['@deltawire/source']
  return defineConfig({
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    // A guard against what hangs, and no measure: on a busy machine everything is slow.
    test: { name, include: ['test/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000, ...test },
  })
}
