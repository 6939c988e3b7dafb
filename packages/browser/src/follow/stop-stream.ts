import type { ChatTransport } from '../transport/transport.ts'
import type { Environment } from './environment.ts'
import type { Position } from './follow.ts'

export interface StopStream {
  readonly transport: ChatTransport
  readonly position: Position
  /** Resolves when the stream has begun. */
  readonly opened: Promise<void>
  readonly environment: Environment
  leave(): void
}

/** A server that may keep streams gets this long to name one that is stopped before it has begun. */
const NAMING_MS = 50
/** One that does keep them. */
const PATIENCE_MS = 10_000

/** Stops the model: where the server keeps the stream by its name, elsewhere by leaving. */
export async function stopStream({ transport, position, opened, environment, leave }: StopStream) {
  const { isResumable } = transport
  try {
    if (position.streamId === undefined && isResumable !== false) {
      const patience = isResumable === true ? PATIENCE_MS : NAMING_MS
      await new Promise<void>((resolve) => {
        const cancel = environment.after(patience, resolve)
        void opened.then(() => {
          cancel()
          resolve()
        })
      })
    }
    const { streamId } = position
    return streamId === undefined || transport.stop === undefined
      ? { stopped: true }
      : await transport.stop({ streamId })
  } catch {
    return { stopped: false }
  } finally {
    leave()
  }
}

/** The reason of an abort of ours. */
export const left = (how: 'left' | 'stopped'): DOMException => new DOMException(`The answer was ${how}`, 'AbortError')
