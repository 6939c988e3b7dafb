import { isGone, onClose, type ServerResponseLike } from './server-response.ts'

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
  const leave = (): void => {
    if (!res.writableEnded || res.stream?.aborted === true)
      controller.abort(new DOMException('the client has gone away', 'AbortError'))
  }
  if (isGone(res)) leave()
  else {
    const unlisten = onClose(res, () => {
      unlisten()
      leave()
    })
  }
  return controller.signal
}
