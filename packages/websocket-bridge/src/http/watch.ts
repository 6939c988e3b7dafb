import type { StreamEnd } from '../engine.ts'
import type { Hub } from '../hub/hub.ts'
import { cursorFor, type LocalStream, type Reader } from '../hub/local-streams.ts'

/** What a stream has come to: something has come, or it has ended; `undefined` while neither. */
export type Progress = 'begun' | 'gone' | StreamEnd

/**
 * Waits until a stream has begun, or until it has ended.
 *
 * @param signal aborts when nobody waits any more: then it resolves to `undefined`
 */
export function watch(
  hub: Hub,
  stream: LocalStream,
  until: 'begun' | 'ended',
  signal: AbortSignal,
): Promise<Progress | undefined> {
  return new Promise((resolve) => {
    const finish = (progress: Progress | undefined): void => {
      hub.streams.leave(stream, reader)
      signal.removeEventListener('abort', leave)
      resolve(progress)
    }
    const leave = (): void => finish(undefined)
    const reader: Reader = {
      cursor: cursorFor(stream, undefined),
      isReady: true,
      held() {},
      send({ kind, covers }) {
        if (kind === 'end') finish(stream.log.end)
        else if (until === 'begun' && covers > 0) finish('begun')
      },
      gone: () => finish('gone'),
      stalled() {},
    }
    if (signal.aborted) {
      resolve(undefined)
      return
    }
    signal.addEventListener('abort', leave)
    hub.streams.follow(stream, reader)
  })
}
