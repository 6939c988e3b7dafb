import type { Hub } from '../hub/hub.ts'
import { cursorFor, type LocalStream, type Reader } from '../hub/local-streams.ts'
import type { Position } from '../protocol/position.ts'
import type { SharedFrame } from '../stream/shared-frame.ts'
import type { EventFormat } from './event-format.ts'

/** One client of the HTTP door that follows a stream. */
export interface EventReader {
  readonly body: ReadableStream<Uint8Array>
  /** Once a second: a sign of life where nothing was said for long. */
  tick(now: number): void
  /** Ends it, for the client to come back. */
  end(): void
  /** When it is to come back elsewhere, by the clock of the relay. */
  readonly endsAt: number
  readonly canResume: boolean
  readonly hasEnded: boolean
}

export interface EventReaderOptions {
  readonly hub: Hub
  readonly stream: LocalStream
  readonly from: Position | undefined
  readonly format: EventFormat
  readonly heartbeatMs: number
  readonly recycleMs: number
  readonly onLeft: (reader: EventReader) => void
}

/** Bytes that wait for a client. */
const MAX_WAITING_BYTES = 16_384

/** Makes a body of server-sent events that follows a stream, no faster than it is read. */
export function createEventReader(options: EventReaderOptions): EventReader {
  const { hub, stream, from, format, heartbeatMs, recycleMs, onLeft } = options
  const encoder = new TextEncoder()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let saidAt = hub.clock.now()

  const hasRoom = (): boolean => (controller?.desiredSize ?? 0) > 0

  function say(text: string): void {
    if (text === '' || controller === undefined) return
    saidAt = hub.clock.now()
    controller.enqueue(encoder.encode(text))
  }

  function finish(): void {
    controller?.close()
    leave()
  }

  function leave(): void {
    controller = undefined
    hub.streams.leave(stream, reader)
    onLeft(self)
  }

  const reader: Reader = {
    cursor: cursorFor(stream, from),
    get isReady() {
      return format.keeps || hasRoom()
    },
    held() {},
    send(frame: SharedFrame) {
      const { stats } = hub
      stats.framesSent++
      if (frame.isWhole) stats.sumsSent++
      stats.chunksSent += frame.covers
      stats.lengthSent += frame.text.length
      say(format.write(frame, hasRoom()))
      if (reader.cursor.ended) finish()
    },
    gone() {
      say(format.gone)
      finish()
    },
    stalled() {},
  }

  const self: EventReader = {
    body: new ReadableStream<Uint8Array>(
      {
        start(given) {
          controller = given
        },
        pull() {
          say(format.flush())
          hub.streams.serve(stream, reader)
        },
        cancel: leave,
      },
      { highWaterMark: MAX_WAITING_BYTES, size: (bytes) => bytes.byteLength },
    ),
    tick(now) {
      if (now - saidAt >= heartbeatMs && hasRoom()) say(':\n\n')
    },
    end() {
      if (controller !== undefined) finish()
    },
    // Not all at once.
    endsAt: hub.clock.now() + recycleMs * (0.8 + 0.4 * hub.clock.random()),
    canResume: format.canResume,
    get hasEnded() {
      return controller === undefined
    },
  }
  hub.streams.follow(stream, reader)
  return self
}
