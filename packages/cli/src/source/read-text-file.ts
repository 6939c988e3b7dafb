import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { CliError } from '../cli-error.ts'
import { readFile } from './file-source.ts'
import { readText } from './read-text.ts'

/**
 * All of a file that the user names as text.
 *
 * @param name what messages call it
 * @throws CliError when it cannot be read, is no text or too long
 */
export async function readTextFile(
  path: string,
  {
    signal,
    maxBytes,
    name = path,
  }: { readonly signal: AbortSignal; readonly maxBytes?: number; readonly name?: string },
): Promise<string> {
  try {
    return await readText(readFile(path, signal), quote(name), maxBytes)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof CliError) throw error
    throw usageError(`cannot read ${quote(name)}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
