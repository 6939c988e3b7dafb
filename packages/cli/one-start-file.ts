import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Options } from 'tsup'

type Plugin = NonNullable<Options['esbuildPlugins']>[number]
type PluginBuild = Parameters<Plugin['setup']>[0]

const source = resolve(dirname(fileURLToPath(import.meta.url)), 'src')
const hot = resolve(source, 'hot.ts')

/**
 * Keeps what `src/hot.ts` needs in one file.
 *
 * esbuild makes a file for every set of entries that share a module, which are a dozen small ones for a program with many
 * lazy commands. So every other module says that it needs the hot ones, as it does: they are there before it is.
 */
export function oneStartFile(): Plugin {
  return {
    name: 'one-start-file',
    async setup({ esbuild, onLoad, initialOptions: { conditions = [] } }) {
      const inside = await modulesOf(hot, conditions, esbuild)
      onLoad({ filter: /\.ts$/, namespace: 'file' }, async ({ path }) => {
        if (!path.startsWith(source) || inside.has(path) || path.endsWith('main.ts')) return undefined
        const text = await readFile(path, 'utf8')
        return { contents: `import ${JSON.stringify(hot)}\n${text}`, loader: 'ts' }
      })
    },
  }
}

/** The modules that are loaded with one, without those that it loads later. */
async function modulesOf(entry: string, conditions: string[], esbuild: PluginBuild['esbuild']): Promise<Set<string>> {
  const { metafile } = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    conditions,
    logLevel: 'silent',
    plugins: [
      {
        name: 'later-is-outside',
        setup: ({ onResolve }) =>
          onResolve({ filter: /./ }, ({ kind }) => (kind === 'dynamic-import' ? { external: true } : undefined)),
      },
    ],
  })
  return new Set(Object.keys(metafile.inputs).map((path) => resolve(path)))
}
