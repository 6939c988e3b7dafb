import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'

/** What a stream may be stored as. */
const endings = /\.(?:sse|jsonl|ndjson|json|txt|chunks)(?:\.gz)?$/i

/** Whether a URL is that of an endpoint: it does not end as a file does that is a stream. */
export function isEndpoint(name: string): boolean {
  return /^https?:\/\//i.test(name) && URL.canParse(name) && !endings.test(new URL(name).pathname)
}

/**
 * A folder among the names becomes the files in it, at any depth, in the order of their names.
 *
 * @throws CliError for a folder with nothing to read in it
 */
export async function expandSources(names: readonly string[]): Promise<string[]> {
  const expanded: string[] = []
  for (const name of names) {
    const isFolder =
      !name.startsWith('@') &&
      (await stat(name).then(
        (found) => found.isDirectory(),
        () => false,
      ))
    expanded.push(...(isFolder ? await filesIn(name) : [name]))
  }
  return expanded
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && endings.test(entry.name))
  if (files.length === 0)
    throw usageError(`there is no recording in ${quote(folder)}`, 'looked for .sse, .jsonl and .json')
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).toSorted()
  // What begins so without a path is an answer of the history.
  return paths.map((path) => (path.startsWith('@') ? `./${path}` : path))
}
