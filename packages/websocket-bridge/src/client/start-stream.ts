import type { StartFrame } from '../protocol/frame.ts'
import { cancelStream } from './cancel-stream.ts'
import type { Link } from './link.ts'
import type { StartOptions } from './options.ts'
import type { Want, Wants } from './wants.ts'

/** How a stream is started, with a key: without one, asking again after a lost connection would make a second stream. */
export type KeyedStartOptions = StartOptions & { readonly key: string }

/**
 * Asks for a stream.
 *
 * @param read makes what is resolved to, at once: the data follows the answer
 */
export function startStream<T>(
  body: StartFrame['body'],
  { key, topic, orphan, signal }: KeyedStartOptions,
  wants: Wants,
  read: (id: string, link: Link) => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    /** Whether a server may know of it. */
    let isSaid = false
    const want: Want = {
      id: wants.nextId(),
      // A page tells its user, and asks again by itself.
      isHasty: true,
      on: new Map(),
      frame(id) {
        isSaid = true
        return { t: 'start', id, key, body, topic, orphan }
      },
      resolve({ s = '' }, link) {
        signal?.removeEventListener('abort', abort)
        if (signal?.aborted !== true) return resolve(read(s, link))
        link.send({ t: 'unsub', s })
        // The connection has ended: then the orphan policy decides.
        cancelStream(s, wants).catch(() => {})
      },
      reject,
    }

    function abort(): void {
      if (!isSaid) wants.drop(want)
      // As it came: who aborts knows why.
      reject(signal?.reason as Error)
    }

    if (signal?.aborted === true) return abort()
    signal?.addEventListener('abort', abort)
    wants.add(want)
  })
}
