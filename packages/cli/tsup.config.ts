import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/main.ts'],
  format: ['esm'],
  target: 'node20.19',
  platform: 'node',
  removeNodeProtocol: false,
  // Everything in the file: the published binary has no dependency.
  noExternal: [/.*/],
  banner: { js: '#!/usr/bin/env node' },
  sourcemap: true,
  clean: true,
})
