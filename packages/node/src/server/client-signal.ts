import { isGone, type ServerResponseLike } from './server-response.ts'

/**
 * Aborts when the client goes away before its answer has ended.
 *
 * ```ts
 * const chunks = streamChatCompletion(request, { signal: clientSignal(res) })
 * ```
 *
 * It follows the response. The request closes as soon as its body has been read, which says nothing about the client.
 */
export function clientSignal(res: ServerResponseLike): AbortSignal {
  const controller = new AbortController()
  const leave = (): void => controller.abort(new DOMException('the client has gone away', 'AbortError'))
  if (isGone(res)) {
    if (!res.writableEnded) leave()
  } else
    res.once('close', () => {
      if (!res.writableEnded) leave()
    })
  return controller.signal
}
