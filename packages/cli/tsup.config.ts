import { defineConfig } from 'tsup'
import { buildPage } from './build-page.mjs'
import { oneStartFile } from './one-start-file.ts'

export default defineConfig({
  entry: { main: 'src/main.ts', mock: 'src/mock/index.ts', playground: 'src/playground/index.ts' },
  format: ['esm'],
  target: 'node20.19',
  platform: 'node',
  removeNodeProtocol: false,
  // Everything inside: the published binary has no dependency.
  noExternal: [/.*/],
  // A file for every command: a start reads what it needs and nothing else.
  splitting: true,
  esbuildPlugins: [oneStartFile()],
  // Half the size to load. Without a map, which would be three times as large as the code: messages name what is wrong.
  minify: true,
  sourcemap: false,
  // What is written for require() finds the modules of Node.js.
  banner: { js: 'const require=name=>process.getBuiltinModule(name);' },
  esbuildOptions(options) {
    options.conditions = ['@deltawire/source', ...(options.conditions ?? [])]
    options.chunkNames = 'chunks/[name]-[hash]'
  },
  clean: true,
  onSuccess: () => buildPage('dist/playground'),
})
