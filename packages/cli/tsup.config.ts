import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { main: 'src/main.ts', mock: 'src/mock/index.ts' },
  format: ['esm'],
  target: 'node20.19',
  platform: 'node',
  removeNodeProtocol: false,
  // Everything in the file: the published binary has no dependency. Commands are still loaded when they are called.
  noExternal: [/.*/],
  splitting: false,
  // Half the size to load. The map is published too.
  minify: true,
  esbuildOptions(options) {
    options.conditions = ['@deltawire/source', ...(options.conditions ?? [])]
  },
  sourcemap: true,
  clean: true,
})
