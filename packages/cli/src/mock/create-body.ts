import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

/** The body of a response that is written piece by piece. */
export interface Body {
  /** Resolves when more may be written: a client that reads slowly is waited for, and nothing piles up here. */
  readonly write: (bytes: Uint8Array) => Promise<void>
  /** Resolves when all of it has left. */
  readonly flush: () => Promise<void>
  readonly end: () => void
}

/** @param isZipped with gzip, every piece flushed so that a reader has it at once */
export async function createBody(response: ServerResponse, isZipped: boolean, gone: AbortSignal): Promise<Body> {
  const flush = () => new Promise<void>((resolve) => response.write('', () => resolve()))
  const drained = () => once(response, 'drain', { signal: gone }).then(ignore, ignore)
  if (!isZipped) {
    return {
      async write(bytes) {
        if (!response.write(bytes)) await drained()
      },
      flush,
      end: () => void response.end(),
    }
  }
  const { createGzip, constants } = await import('node:zlib')
  const zip = createGzip()
  zip.pipe(response)
  gone.addEventListener('abort', () => zip.destroy())
  return {
    async write(bytes) {
      zip.write(bytes)
      await new Promise<void>((resolve) => zip.flush(constants.Z_SYNC_FLUSH, () => resolve()))
    },
    flush,
    end: () => void zip.end(),
  }
}

const ignore = () => {}
