/** All that is asked of a request of Node.js: what those of `http`, `http2`, Express, Koa (`ctx.req`) and Fastify (`request.raw`) have. */
export interface ServerRequestLike {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  /** Of HTTP/2. */
  readonly authority?: string | undefined
  readonly complete?: boolean
  readonly readableEnded: boolean
  readonly destroyed: boolean
  readonly socket?: object | null
  /** What a body parser has made of the body. */
  readonly body?: unknown
  on(event: string, listener: (piece: Uint8Array) => void): unknown
  off(event: string, listener: (piece: Uint8Array) => void): unknown
  pause(): unknown
  resume(): unknown
}

export const isServerRequest = (request: object): request is ServerRequestLike =>
  'headers' in request && 'resume' in request && typeof request.resume === 'function'

/**
 * The body of a request, piece by piece.
 *
 * An iterator of Node.js destroys the request when it is left early, and with it the connection on which the answer is to
 * be sent: this one lets the rest flow away.
 *
 * @param isAnswered whether what is still coming is of no use to anybody
 */
export function bodyOf(
  request: ServerRequestLike,
  isAnswered: () => boolean = () => false,
): ReadableStream<Uint8Array> {
  let listeners: { readonly [event: string]: (piece: Uint8Array) => void } = {}
  function stop(): void {
    for (const [event, listener] of Object.entries(listeners)) request.off(event, listener)
    listeners = {}
  }

  function start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const fail = (): void => {
      stop()
      controller.error(new DOMException('the client has gone away', 'AbortError'))
    }
    listeners = {
      data(piece: Uint8Array) {
        if (isAnswered()) return
        controller.enqueue(piece)
        request.pause()
      },
      end() {
        stop()
        controller.close()
      },
      error: fail,
      // Without an `end` before it: the rest will not come.
      close: fail,
    }
    if (request.readableEnded) controller.close()
    else if (request.destroyed) fail()
    else for (const [event, listener] of Object.entries(listeners)) request.on(event, listener)
  }

  let isStarted = false
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (!isStarted) start(controller)
        isStarted = true
        request.resume()
      },
      cancel() {
        stop()
        request.resume()
      },
    },
    { highWaterMark: 0 },
  )
}
