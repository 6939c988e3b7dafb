#!/usr/bin/env node
import module from 'node:module'

// Node.js keeps what it has compiled, from 22.8 on: there a start costs less. The types are those of Node.js 20.
;(module as { enableCompileCache?: () => unknown }).enableCompileCache?.()
await import('./start.ts')
