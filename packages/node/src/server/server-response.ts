/** All that is asked of a response: what those of `http`, `http2`, Express, Koa (`ctx.res`) and Fastify (`reply.raw`) have. */
export interface ServerResponseLike {
  statusCode: number
  readonly headersSent: boolean
  readonly writableEnded: boolean
  readonly destroyed?: boolean
  /** Of `http2`. */
  readonly stream?: {
    readonly destroyed: boolean
    readonly aborted?: boolean
    on(event: string, listener: () => void): unknown
    off(event: string, listener: () => void): unknown
  } | null
  setHeader(name: string, value: string | readonly string[]): unknown
  write(piece: string | Uint8Array): boolean
  end(): unknown
  destroy(error?: Error): unknown
  /** Of the `compression` middleware. */
  flush?: () => void
  on(event: string, listener: () => void): unknown
  once(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
}

/** Whether nothing can be sent any more. `close` is emitted once: who comes later must look. */
export const isGone = (res: ServerResponseLike): boolean =>
  res.writableEnded || res.destroyed === true || res.stream?.destroyed === true || res.stream?.aborted === true

/**
 * Calls back when a response closes, in its end or before it.
 *
 * By `close` of the response: that of the request comes as soon as its body has been read. On HTTP/2 also by `aborted` of
 * the stream: while a write waits for the client, and the request was not read to its end, there is no `close` (Node.js 20).
 *
 * @returns what takes the listeners away
 */
export function onClose(res: ServerResponseLike, listener: () => void): () => void {
  const { stream } = res
  const abort = (): void => {
    listener()
    // Nothing else would end it.
    res.destroy()
  }
  res.on('close', listener)
  stream?.on('aborted', abort)
  return () => {
    res.off('close', listener)
    stream?.off('aborted', abort)
  }
}

export interface ResponseWriter {
  readonly isGone: boolean
  /** Sends a piece. Resolves when there is room for another, or when nobody is there. */
  write(piece: string | Uint8Array): Promise<void>
  /** Leaves no listener behind. */
  release(): void
}

const asleep = (): void => {}

/**
 * Writes to a response that may go away at any moment.
 *
 * @param onGone called once, at once, when the client has gone
 */
export function createResponseWriter(res: ServerResponseLike, onGone: () => void): ResponseWriter {
  let gone = false
  let wake = asleep

  function close(): void {
    if (gone) return
    gone = true
    wake()
    onGone()
  }
  // A failure is followed by `close`; without a listener it would end the process.
  const fail = asleep

  const unlisten = onClose(res, close)
  res.on('error', fail)
  if (isGone(res)) close()

  return {
    get isGone() {
      return gone
    },
    async write(piece) {
      // Somebody else may have ended it.
      if (!gone && isGone(res)) close()
      if (gone) return
      const hasRoom = res.write(piece)
      res.flush?.()
      if (hasRoom || gone) return
      await new Promise<void>((resolve) => {
        wake = resolve
        res.once('drain', resolve)
      })
      res.off('drain', wake)
      wake = asleep
    },
    release() {
      unlisten()
      res.off('error', fail)
    },
  }
}
