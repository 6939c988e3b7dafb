import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { index: 'src/index.ts', bytes: 'src/bytes.ts', repairs: 'src/normalize/catalogue.ts' },
  format: ['esm'],
  target: 'es2022',
  esbuildOptions(options) {
    // Puts the numbers of constants where their names stand: other bundlers leave them as variables.
    options.minifySyntax = true
  },
  // tsup 8 sets baseUrl, which TypeScript 6 calls deprecated.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  sourcemap: true,
  clean: true,
  removeNodeProtocol: false,
})
