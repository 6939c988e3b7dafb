import { version } from '../../package.json'
import type { Clock } from '../clock.ts'
import { encodeHead, encodeLine, inTenths, lineOf } from './encode-recording.ts'
import type { RecordingHead, RecordingLine } from './recording.ts'
import type { Redaction } from './redaction.ts'

export interface RecorderOptions {
  readonly clock: Clock
  readonly redaction: Redaction
  /** Where the lines go, as they come into being. */
  readonly write: (text: string) => Promise<void>
  /** How long the end of a body is waited for when nobody else wants it any more. @defaultValue `2000` */
  readonly graceMs?: number
}

export interface CallRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

/**
 * Writes down one call: its head when the response is there, then every read of the body with its time.
 *
 * The body is read to its end even when the reader of the returned response leaves at `[DONE]`: what follows is a part of
 * what the server sent.
 */
export async function recordCall(
  request: CallRequest,
  send: (signal: AbortSignal) => Promise<Response>,
  signal: AbortSignal,
  { clock, redaction, write, graceMs = 2000 }: RecorderOptions,
): Promise<{ readonly response: Response; readonly written: Promise<void> }> {
  const sentAt = clock.now()
  const started = new Date(clock.date()).toISOString()
  const stop = new AbortController()
  const follow = () => stop.abort(signal.reason)
  if (signal.aborted) follow()
  signal.addEventListener('abort', follow)
  const response = await send(stop.signal)
  const elapsed = () => inTenths(clock.now() - sentAt)
  const head: RecordingHead = {
    v: 1,
    type: 'chat.recording',
    started,
    request,
    response: { status: response.status, headers: Object.fromEntries(response.headers), t: elapsed() },
    tool: `deltawire ${version}`,
  }
  try {
    await write(encodeHead(redaction.head(head)))
  } catch (error) {
    // Nobody will read the answer, and its connection would keep the process alive.
    signal.removeEventListener('abort', follow)
    stop.abort(error)
    throw error
  }
  const { readable, give, end, fail, left } = createHandover(stop.signal)
  void left.then(() => clock.sleep(graceMs, stop.signal)).then(() => stop.abort(new Error('nobody reads any more')))

  async function pump(): Promise<void> {
    let bytes = 0
    let isFull = false
    const line = async (...entry: RecordingLine) => {
      try {
        await write(encodeLine(entry))
      } catch (error) {
        isFull = true
        throw error
      }
    }
    try {
      for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        try {
          bytes += piece.length
          await line(...lineOf({ atMs: elapsed(), bytes: redaction.bytes(piece) }))
        } finally {
          // Whoever reads has what has come, also when it is the last that could be written.
          await give(piece)
        }
      }
      await line(elapsed(), 'x', { reason: 'eof', bytes })
      end()
    } catch (error) {
      const isAbort = stop.signal.aborted
      // First: on a full disk what follows cannot be written either, and the reader would wait for ever.
      fail(isAbort ? stop.signal.reason : error)
      // It is we who stop, and no connection broke.
      if (isFull) throw error
      if (!isAbort) await line(elapsed(), 'e', failureOf(error))
      await line(elapsed(), 'x', { reason: isAbort ? 'abort' : 'error', bytes })
    } finally {
      signal.removeEventListener('abort', follow)
      stop.abort()
    }
  }

  const written = pump()
  // It may fail before anybody looks at it.
  written.catch(() => {})
  const { status, statusText, headers } = response
  // A response with such a status may have no body, and says so when it is made with one.
  const hasBody = status !== 204 && status !== 205 && status !== 304
  return { response: new Response(hasBody ? readable : null, { status, statusText, headers }), written }
}

/** A stream whose writer waits for its reader, and goes on alone when the reader has left or nobody waits any more. */
function createHandover(signal: AbortSignal) {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let wanted: (() => void) | undefined
  let hasLeft = false
  let leave = () => {}
  const left = new Promise<void>((resolve) => (leave = resolve))
  const readable = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given
      },
      pull() {
        wanted?.()
      },
      cancel() {
        hasLeft = true
        wanted?.()
        leave()
      },
    },
    { highWaterMark: 1 },
  )
  signal.addEventListener('abort', () => wanted?.())
  return {
    readable,
    left,
    async give(piece: Uint8Array) {
      if (hasLeft) return
      controller?.enqueue(piece)
      if (signal.aborted || (controller?.desiredSize ?? 1) > 0) return
      await new Promise<void>((resolve) => (wanted = resolve))
    },
    end() {
      if (!hasLeft) controller?.close()
    },
    fail(reason: unknown) {
      if (!hasLeft) controller?.error(reason)
    },
  }
}

function failureOf(error: unknown): { name: string; message?: string } {
  for (let cause: unknown = error; cause instanceof Error; { cause } = cause) {
    if ('code' in cause && typeof cause.code === 'string') return { name: cause.code, message: cause.message }
  }
  return error instanceof Error ? { name: error.name, message: error.message } : { name: 'Error' }
}
