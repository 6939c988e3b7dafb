import { chmodSync, statSync } from 'node:fs'
import { makeFolder } from '../make-folder.ts'

/** Conversations and settings are the user's and nobody else's. */
export const fileMode = 0o600
const folderMode = 0o700

/** Makes a folder that only its owner can look into, also when somebody had made it for everybody. */
export function makePrivateFolder(path: string): void {
  makeFolder(path, folderMode)
  const { mode } = statSync(path)
  // On Windows the rights of the user's own folders are inherited, and no bits say so.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) chmodSync(path, folderMode)
}
