import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { root } from './root.ts'
import { mustRun } from './run.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** An empty project into which every published package was installed from its tarball. */
    consumer: string
    packages: PublishedPackage[]
  }
}

export interface PublishedPackage {
  name: string
  /** What can be imported, such as `@deltawire/node/chatgpt`. */
  entries: string[]
  /** The folder in the repository. */
  source: string
  tarball: string
  /** The folder that npm made of the tarball. */
  installed: string
}

interface Manifest {
  name: string
  version: string
  private?: boolean
  exports: Record<string, unknown>
}

/** What a user of every entry has: bindings and the Redis engine leave these to them. */
const peers = ['ioredis@6', 'react@19', 'solid-js@1', 'svelte@5', 'vue@3']

/** Packs what would be published and installs it as a user would: with npm, and with nothing else around. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'deltawire-package-check-'))
  const consumer = join(directory, 'consumer')
  const published = await publishedManifests()

  // This pnpm turns `workspace:` and `catalog:` into versions, and need not be on the PATH.
  const { packageManager } = await readJson<{ packageManager: string }>(join(root, 'package.json'))
  const filters = published.map(({ name }) => `--filter=${name}`)
  const pack = ['--yes', '--prefer-offline', packageManager, ...filters, 'pack', '--pack-destination', directory]
  await mustRun('npx', pack, root)

  const tarballs = published.map(({ name, version }) => tarballOf(directory, name, version))
  await mkdir(consumer)
  await writeFile(join(consumer, 'package.json'), '{ "name": "consumer", "private": true }')
  await mustRun('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs, ...peers], consumer)

  const packages = published.map(async ({ name, version, source }) => {
    const installed = join(consumer, 'node_modules', name)
    // Not the exports of the repository: packing replaces them by those of `publishConfig`.
    const { exports } = await readJson<Manifest>(join(installed, 'package.json'))
    // What ends with a star are files of data.
    const entries = Object.keys(exports).filter((path) => path !== './package.json' && !path.endsWith('*'))
    return {
      name,
      entries: entries.map((path) => name + path.slice(1)),
      source,
      tarball: tarballOf(directory, name, version),
      installed,
    }
  })
  project.provide('consumer', consumer)
  project.provide('packages', await Promise.all(packages))
  return () => rm(directory, { recursive: true, force: true })
}

async function publishedManifests(): Promise<(Manifest & { source: string })[]> {
  const sources = (await readdir(join(root, 'packages'))).map((name) => join(root, 'packages', name))
  const manifests = sources.map(async (source) => ({
    source,
    ...(await readJson<Manifest>(join(source, 'package.json'))),
  }))
  return (await Promise.all(manifests)).filter((manifest) => manifest.private !== true)
}

function tarballOf(directory: string, name: string, version: string): string {
  return join(directory, `${name.slice(1).replace('/', '-')}-${version}.tgz`)
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8'))
}
