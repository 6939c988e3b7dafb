// Plain JavaScript, because vitest hands this file to Node.js as it is, and Node.js 20 does not read TypeScript.
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Half of the time of our tests is waiting for one another's sockets, so there is work for one more than there are cores. */
export const maxWorkers = availableParallelism() + 1

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
