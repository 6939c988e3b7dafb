import { statSync, type Stats } from 'node:fs'

/**
 * What the system says of a file; `undefined` where there is none.
 *
 * `throwIfNoEntry` of Node.js 22 and later also says that of what stands below a file in the place of a folder, which is a
 * fault that its owner has to hear of.
 */
export function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
