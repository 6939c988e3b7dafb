import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** The vitest configuration of one package: its tests run on the source of every package of the house. */
export function project(name: string, test: NonNullable<ViteUserConfig['test']> = {}): ViteUserConfig {
  const conditions = ['@deltawire/source']
  return defineConfig({
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    test: { name, include: ['test/**/*.test.ts'], ...test },
  })
}
