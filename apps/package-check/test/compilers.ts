import { mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { root } from './root.ts'
import { mustRun } from './run.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    compilations: Compilation[]
  }
}

export interface Compilation {
  version: string
  /** The program to run with Node.js. */
  tsc: string
  resolution: 'nodenext' | 'bundler'
}

/** The oldest TypeScript that our types promise to work with, and the last of every line since; ours is another of these. */
const others = ['5.4.5', '5.9.3', '7.0.2']

/** Finds the workspace's own compiler, and installs the others where everything is asked for. */
export default async function setup(project: TestProject): Promise<void> {
  const own = compilerIn(root, 'typescript')
  if (process.env['DELTAWIRE_COMPILERS'] === 'all') {
    const compilers = [...(await installed()), own]
    const resolutions = ['nodenext', 'bundler'] as const
    project.provide(
      'compilations',
      compilers.flatMap((compiler) => resolutions.map((resolution) => ({ ...compiler, resolution }))),
    )
  } else {
    project.provide('compilations', [{ ...own, resolution: 'nodenext' }])
    console.log(`TypeScript ${others.join(', ')} and bundler resolution: left out; DELTAWIRE_COMPILERS=all brings them`)
  }
}

async function installed(): Promise<Omit<Compilation, 'resolution'>[]> {
  const folder = join(root, '.cache/compilers')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "private": true }')
  const aliases = others.map((version) => `typescript-${version}@npm:typescript@${version}`)
  await mustRun('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...aliases], folder)
  return others.map((version) => compilerIn(folder, `typescript-${version}`))
}

function compilerIn(folder: string, name: string): Omit<Compilation, 'resolution'> {
  const path = join(folder, 'node_modules', name)
  const { version } = createRequire(import.meta.url)(join(path, 'package.json')) as { version: string }
  return { version, tsc: join(path, 'bin/tsc') }
}
