import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Options } from 'tsup'
import { directImports } from './direct-imports.ts'

type Plugin = NonNullable<Options['esbuildPlugins']>[number]
type PluginBuild = Parameters<Plugin['setup']>[0]

const folder = dirname(fileURLToPath(import.meta.url))

/** The packages that are imported by their index. */
const indexes = {
  '@deltawire/core': resolve(folder, '../core/src/index.ts'),
  '@deltawire/node': resolve(folder, '../node/src/index.ts'),
}

/** What is to be one file: an entry with all that it needs, less what those before it hold. */
const groups = ['src/hot.ts', 'src/commands/merge.ts']

/**
 * Keeps what every start needs in one file, and what reads a stream in another.
 *
 * esbuild makes a file for every set of entries that share a module, which are dozens for a program with many lazy
 * commands, and a file costs a start a millisecond. So whoever imports from a group says that it needs all of it.
 */
export function startFiles(): Plugin {
  return {
    name: 'start-files',
    async setup({ esbuild, onLoad, initialOptions: { conditions = [], entryPoints } }) {
      const toDirect = await directImports(indexes)
      const read = async (path: string) => toDirect(await readFile(path, 'utf8'))
      const graph = await importGraph(Object.values(entryPoints ?? {}) as string[], conditions, read, esbuild)
      const members = membersOf(graph)
      onLoad({ filter: /\.ts$/, namespace: 'file' }, async ({ path }) => {
        const needed = [...members].filter(
          ([, inside]) => !inside.has(path) && (graph.get(path) ?? []).some((imported) => inside.has(imported)),
        )
        const imports = needed.map(([entry]) => `import ${JSON.stringify(entry)}\n`)
        return { contents: imports.join('') + (await read(path)), loader: 'ts' }
      })
    },
  }
}

type ImportGraph = ReadonlyMap<string, readonly string[]>

/** What every module of the program imports, without what it loads later. */
async function importGraph(
  entryPoints: string[],
  conditions: string[],
  read: (path: string) => Promise<string>,
  esbuild: PluginBuild['esbuild'],
): Promise<ImportGraph> {
  const { metafile } = await esbuild.build({
    entryPoints,
    bundle: true,
    splitting: true,
    write: false,
    outdir: 'nowhere',
    metafile: true,
    format: 'esm',
    platform: 'node',
    conditions,
    external: ['undici'],
    logLevel: 'silent',
    plugins: [
      {
        name: 'direct-imports',
        setup: ({ onLoad }) =>
          onLoad({ filter: /\.ts$/, namespace: 'file' }, async ({ path }) => ({
            contents: await read(path),
            loader: 'ts',
          })),
      },
    ],
  })
  return new Map(
    Object.entries(metafile.inputs).map(([path, { imports }]) => [
      resolve(path),
      imports
        .filter(({ kind, external }) => kind !== 'dynamic-import' && external !== true)
        .map((one) => resolve(one.path)),
    ]),
  )
}

function membersOf(graph: ImportGraph): Map<string, ReadonlySet<string>> {
  const members = new Map<string, ReadonlySet<string>>()
  const taken = new Set<string>()
  for (const entry of groups.map((path) => resolve(folder, path))) {
    const inside = new Set<string>()
    const visit = (path: string) => {
      if (inside.has(path) || taken.has(path)) return
      inside.add(path)
      for (const next of graph.get(path) ?? []) visit(next)
    }
    visit(entry)
    for (const path of inside) taken.add(path)
    members.set(entry, inside)
  }
  return members
}
