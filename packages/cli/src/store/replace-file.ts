import { chmod, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { cannotWrite } from '../cannot-write.ts'
import { fileMode } from './private-file.ts'

/** A folder that takes no new file, or a file that is a mount: containers have both. */
const inPlace = new Set(['EACCES', 'EBUSY', 'EPERM', 'EROFS'])

/**
 * Writes a file of the user's anew. It is made beside and put in its place at once: a full disk leaves the old one.
 *
 * A link stays a link, and rights stay as they are.
 *
 * @throws CliError that names the file
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  try {
    const target = await realpath(path).catch(() => path)
    const known = await stat(target).catch(() => undefined)
    // What belongs to somebody else would be ours afterwards.
    const isOurs = known === undefined || (known.isFile() && known.uid === (process.getuid?.() ?? known.uid))
    const mode = known === undefined ? fileMode : known.mode & 0o777
    if (!isOurs || !(await isReplaced(target, text, mode))) await writeFile(target, text, { mode })
  } catch (error) {
    throw cannotWrite(path, error)
  }
}

async function isReplaced(target: string, text: string, mode: number): Promise<boolean> {
  const beside = `${target}.${process.pid}`
  try {
    await writeFile(beside, text, { mode })
    await chmod(beside, mode)
    await rename(beside, target)
    return true
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {})
    if (error instanceof Error && 'code' in error && inPlace.has(String(error.code))) return false
    throw error
  }
}
