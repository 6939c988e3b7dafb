import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** From which module a name of an index comes, and what it is called there. */
type Origins = ReadonlyMap<string, { readonly module: string; readonly name: string }>

/**
 * Lets every module import what it needs from where it is written, and not through the index of its package.
 *
 * An index reaches everything. esbuild places modules in files by what reaches them, so a start that reads one name from
 * an index would load the whole package.
 *
 * @param indexes the index file of each package by its name
 */
export async function directImports(indexes: Readonly<Record<string, string>>): Promise<(text: string) => string> {
  const origins = new Map<string, Origins>()
  for (const [name, path] of Object.entries(indexes)) origins.set(name, await originsIn(path))
  return (text) =>
    text.replaceAll(
      /^import (?!type\b)\{([^}]*)\} from '([^']+)'/gm,
      (statement: string, names: string, from: string) => {
        const known = origins.get(from)
        return known === undefined
          ? statement
          : specifiers(names)
              .map((one) => direct(one, known, from))
              .join('; ')
      },
    )
}

async function originsIn(index: string): Promise<Origins> {
  const origins = new Map<string, { module: string; name: string }>()
  const text = await readFile(index, 'utf8')
  for (const [, names = '', from = ''] of text.matchAll(/^export (?!type\b)\{([^}]*)\} from '(\.[^']+)'/gm)) {
    for (const { name, as } of specifiers(names)) origins.set(as, { module: resolve(dirname(index), from), name })
  }
  return origins
}

interface Specifier {
  readonly name: string
  readonly as: string
}

/** `a, b as c`; a type is none, since nothing of it is left. */
function specifiers(list: string): Specifier[] {
  return list
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '' && !one.startsWith('type '))
    .map((one) => {
      const [name = '', as = name] = one.split(' as ')
      return { name, as }
    })
}

function direct({ name, as }: Specifier, origins: Origins, from: string): string {
  const origin = origins.get(name)
  if (origin === undefined) throw new Error(`${name} is not exported by the index of ${from}`)
  return `import { ${origin.name} as ${as} } from ${JSON.stringify(origin.module)}`
}
