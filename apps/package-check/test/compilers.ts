import { mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { root } from './root.ts'
import { mustRun } from './run.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    compilers: Compiler[]
  }
}

export interface Compiler {
  version: string
  /** The program to run with Node.js. */
  tsc: string
}

/** The oldest TypeScript that our types promise to work with, and the last of every later line than that. */
const others = ['5.4.5', '5.9.3', '7.0.2']

/** Finds the workspace's own compiler, and installs the others where they are asked for. */
export default async function setup(project: TestProject): Promise<void> {
  const compilers = [compilerIn(root, 'typescript')]
  if (process.env['DELTAWIRE_COMPILERS'] === 'all') {
    const folder = join(root, '.cache/compilers')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'package.json'), '{ "private": true }')
    const aliases = others.map((version) => `typescript-${version}@npm:typescript@${version}`)
    await mustRun('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...aliases], folder)
    compilers.push(...others.map((version) => compilerIn(folder, `typescript-${version}`)))
  } else {
    console.log(`TypeScript ${others.join(', ')}: left out; DELTAWIRE_COMPILERS=all brings them`)
  }
  project.provide('compilers', compilers)
}

function compilerIn(folder: string, name: string): Compiler {
  const path = join(folder, 'node_modules', name)
  return { version: createRequire(import.meta.url)(join(path, 'package.json')).version, tsc: join(path, 'bin/tsc') }
}
