#!/usr/bin/env node
// Node.js keeps what it has compiled, from 22.8 on: there a start costs less. The types are those of Node.js 20. An
// import would make an object of all that the module has, and with it load what reads source maps.
const loader = process.getBuiltinModule('node:module')
;(loader as { enableCompileCache?: () => unknown }).enableCompileCache?.()
await import('./start.ts')
