import type { OkFrame, StartFrame } from '../protocol/frame.ts'
import { cancelStream } from './cancel-stream.ts'
import type { Link } from './link.ts'
import type { StartOptions } from './options.ts'
import type { Request, Requests } from './requests.ts'

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
  requests: Requests,
  read: (id: string, link: Link) => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const id = requests.nextId()
    const frame: StartFrame = { t: 'start', id, key, body, topic, orphan }
    const request: Request = { frame, resolve: begun, reject, isSent: false }

    function begun({ s = '' }: OkFrame, link: Link): void {
      signal?.removeEventListener('abort', abort)
      if (signal?.aborted !== true) return resolve(read(s, link))
      link.send({ t: 'unsub', s })
      // The connection has ended: then the orphan policy decides.
      cancelStream(s, requests).catch(() => {})
    }

    function abort(): void {
      if (!request.isSent) requests.withdraw(request)
      // As it came: who aborts knows why.
      reject(signal?.reason as Error)
    }

    if (signal?.aborted === true) return abort()
    signal?.addEventListener('abort', abort)
    requests.add(request)
  })
}
