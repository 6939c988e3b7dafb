import { defineConfig, type Options } from 'tsup'
import { buildPage } from './build-page.mjs'
import { startFiles } from './start-files.ts'

/** Half a megabyte that is never loaded: `src/network` goes through proxies by itself, on every Node.js. */
const withoutUndici = {
  name: 'without-undici',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^undici$/ }, () => ({ path: 'undici', namespace: 'nothing' }))
    onLoad({ filter: /./, namespace: 'nothing' }, () => ({ contents: `throw new Error('undici is not inside')` }))
  },
} satisfies NonNullable<Options['esbuildPlugins']>[number]

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
  esbuildPlugins: [withoutUndici, startFiles()],
  // Half the size to load. Without a map, which would be three times as large as the code: messages name what is wrong.
  minify: true,
  sourcemap: false,
  // What is written for require() finds the modules of Node.js, and fails for others: ws tries one that is optional.
  banner: {
    js: `const require=name=>{const found=process.getBuiltinModule(name);if(found)return found;throw Object.assign(new Error("Cannot find module "+name),{code:"MODULE_NOT_FOUND"})};`,
  },
  esbuildOptions(options) {
    options.conditions = ['@deltawire/source', ...(options.conditions ?? [])]
    options.chunkNames = 'chunks/[name]-[hash]'
  },
  clean: true,
  onSuccess: () => buildPage('dist/playground'),
})
