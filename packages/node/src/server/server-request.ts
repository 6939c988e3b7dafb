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
  on(event: string, listener: (value: never) => void): unknown
  off(event: string, listener: (value: never) => void): unknown
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
 */
export function bodyOf(request: ServerRequestLike): ReadableStream<Uint8Array> {
  let stop = (): void => {}
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const data = (piece: Uint8Array): void => {
        controller.enqueue(piece)
        if ((controller.desiredSize ?? 0) <= 0) request.pause()
      }
      const end = (): void => {
        stop()
        controller.close()
      }
      const fail = (): void => {
        stop()
        controller.error(new DOMException('the client has gone away', 'AbortError'))
      }
      // `close` without `end`: the rest will not come.
      const listeners = { data, end, close: fail, error: fail }
      stop = () => {
        for (const [event, listener] of Object.entries(listeners)) request.off(event, listener)
      }
      if (request.readableEnded) return controller.close()
      if (request.destroyed) return fail()
      for (const [event, listener] of Object.entries(listeners)) request.on(event, listener)
      return undefined
    },
    pull: () => void request.resume(),
    cancel() {
      stop()
      request.resume()
    },
  })
}
