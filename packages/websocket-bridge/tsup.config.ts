import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    'client/index': 'src/client/index.ts',
    'redis/index': 'src/redis/index.ts',
    'conformance/index': 'src/conformance/index.ts',
  },
  format: ['esm'],
  target: 'es2022',
  // tsup 8 sets baseUrl, which TypeScript 6 calls deprecated.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  sourcemap: true,
  clean: true,
  removeNodeProtocol: false,
})
