import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { statIfThere } from './stat-if-there.ts'

/**
 * Makes a folder, and those above it that are missing.
 *
 * `recursive` of Node.js does the same, but goes round for ever where a folder is missing and cannot be made either, as
 * below `/proc`: it takes the error for one about the folder above.
 */
export function makeFolder(path: string, mode: number): void {
  if (isFolder(path)) return
  const above = dirname(path)
  if (above !== path) makeFolder(above, mode)
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    // Somebody else may have been first.
    if (!isFolder(path)) throw error
  }
}

function isFolder(path: string): boolean {
  return statIfThere(path)?.isDirectory() === true
}
