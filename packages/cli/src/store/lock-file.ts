import { closeSync, openSync, rmSync } from 'node:fs'
import { statIfThere } from '../stat-if-there.ts'
import { fileMode } from './private-file.ts'

/** Nobody works that long: who had the lock was killed. */
const maxAgeMs = 30_000

/**
 * Does what only one process may do at a time; does nothing when another one is at it.
 *
 * @returns whether it was done
 */
export function withLockFile(path: string, now: number, work: () => void): boolean {
  const file = take(path) ?? (isLeft(path, now) ? take(path) : undefined)
  if (file === undefined) return false
  try {
    work()
  } finally {
    closeSync(file)
    rmSync(path, { force: true })
  }
  return true
}

/** How long somebody else's work is waited for: it takes a moment, or its process was killed. */
const maxWaitMs = 2 * maxAgeMs
const pauseMs = 20

/** The same, after whoever is at it. Synchronous, as everything about the history. */
export function whenUnlocked(path: string, work: () => void, now: () => number = Date.now): void {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let waited = 0; !withLockFile(path, now(), work); waited += pauseMs) {
    if (waited > maxWaitMs) throw new Error(`${path} is held by another process`)
    Atomics.wait(pause, 0, 0, pauseMs)
  }
}

function take(path: string): number | undefined {
  try {
    return openSync(path, 'wx', fileMode)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined
    throw error
  }
}

function isLeft(path: string, now: number): boolean {
  const age = statIfThere(path)
  if (age === undefined) return true
  // A clock that was set back leaves locks of the future, which nobody holds either.
  if (Math.abs(now - age.mtimeMs) < maxAgeMs) return false
  rmSync(path, { force: true })
  return true
}
