import { cannotWrite } from './cannot-write.ts'
import type { Output } from './io.ts'

/**
 * An output that becomes a file when it is flushed, and none when nothing was written.
 *
 * Fails at once when the file could not be written: afterwards a stream that comes only once would be lost. Written only
 * at the end: the file may be the source as well.
 */
export async function fileOutput(path: string): Promise<Output> {
  const [{ access, constants, stat, writeFile }, { dirname }] = await Promise.all([
    import('node:fs/promises'),
    import('node:path'),
  ])
  try {
    const existing = await stat(path).catch(() => undefined)
    await access(existing === undefined ? dirname(path) : path, constants.W_OK)
    if (existing?.isDirectory() === true) throw new Error('it is a directory')
  } catch (error) {
    throw cannotWrite(path, error)
  }
  const pieces: (Uint8Array | string)[] = []
  return {
    isTTY: false,
    async write(text) {
      pieces.push(text)
    },
    async flush() {
      if (pieces.length === 0) return
      await writeFile(path, Buffer.concat(pieces.map((piece) => Buffer.from(piece)))).catch((error: unknown) => {
        throw cannotWrite(path, error)
      })
    },
  }
}
