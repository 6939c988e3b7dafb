import { type ChatCompletionChunk, type ChunkDelta, StreamError } from '@deltawire/core'
import type { ChatRequest, ChatTransport, ChunkEvent, StreamRef } from '../transport/transport.ts'

/** What a transport was asked for. */
export type ScriptedCall =
  | { readonly verb: 'resume' | 'stop'; readonly ref: StreamRef }
  | { readonly verb: 'send'; readonly request: ChatRequest; readonly key: string }

/** The server's end of one answer. */
export interface ScriptedStream {
  /** `stream-1`, `stream-2`, in the order in which they were begun. */
  readonly streamId: string
  /** What was asked. */
  readonly request: ChatRequest
  /** Writes on: a text, or a delta. */
  write(delta: ChunkDelta | string): void
  /** Writes a chunk as it is. */
  writeChunk(chunk: ChatCompletionChunk): void
  /** Ends the answer. */
  end(finishReason?: string): void
  /** Breaks the connections. A stream that is kept can be taken up. */
  cut(reason?: Error): void
  /** How many read it now. */
  readonly readers: number
  /** Whether it has ended, by `end` or because the client stopped it. */
  readonly isStopped: boolean
}

/** A transport whose other end is in the test. */
export interface ScriptedTransport extends ChatTransport {
  /** Everything that was asked for, in order. */
  readonly calls: readonly ScriptedCall[]
  /** The answers that were begun, in order. */
  readonly streams: readonly ScriptedStream[]
  /** Makes the next requests fail. */
  failNext(...reasons: Error[]): void
}

/** How the scripted server behaves. */
export interface ScriptOptions {
  /** Writes the answers. Without it a test does, with `transport.streams`. */
  answer?: ((stream: ScriptedStream) => void) | undefined
  /** Whether streams are kept. @defaultValue `true` */
  isResumable?: boolean | undefined
}

/** A transport without a network, for tests: the test is the server. */
export function createScriptedTransport({ answer, isResumable = true }: ScriptOptions = {}): ScriptedTransport {
  const calls: ScriptedCall[] = []
  const streams: (ScriptedStream & { read(after: number, signal: AbortSignal): AsyncIterable<ChunkEvent> })[] = []
  const failures: Error[] = []

  function fail(): void {
    const reason = failures.shift()
    if (reason !== undefined) throw reason
  }

  async function send(request: ChatRequest, { signal, key }: { signal: AbortSignal; key: string }) {
    calls.push({ verb: 'send', request, key })
    fail()
    const stream = createStream(`stream-${streams.length + 1}`, request)
    streams.push(stream)
    answer?.(stream)
    return { events: stream.read(0, signal), ...(isResumable && { streamId: stream.streamId }) }
  }

  const base = {
    calls,
    streams,
    isResumable,
    failNext: (...reasons: Error[]) => void failures.push(...reasons),
    send,
  }
  if (!isResumable) return base
  return {
    ...base,
    async resume(ref, { signal }) {
      calls.push({ verb: 'resume', ref })
      fail()
      const stream = streams.find(({ streamId }) => streamId === ref.streamId)
      return stream === undefined
        ? null
        : { streamId: ref.streamId, events: stream.read(Number(ref.lastEventId ?? 0), signal) }
    },
    async stop(ref) {
      calls.push({ verb: 'stop', ref })
      const stream = streams.find(({ streamId }) => streamId === ref.streamId)
      if (stream === undefined || stream.isStopped) return { stopped: false }
      stream.end('stop')
      return { stopped: true }
    },
  }
}

function createStream(streamId: string, request: ChatRequest) {
  const events: ChunkEvent[] = []
  const wakers = new Set<() => void>()
  const cuts: Error[] = []
  let isOver = false
  let readers = 0

  const wake = (): void => {
    const woken = [...wakers]
    for (const waker of woken) waker()
  }
  const write = (delta: ChunkDelta, finish_reason: string | null = null): void =>
    stream.writeChunk({
      id: streamId,
      object: 'chat.completion.chunk',
      created: 0,
      model: 'scripted',
      choices: [{ index: 0, delta, finish_reason }],
    })

  const stream = {
    streamId,
    request,
    write: (delta: ChunkDelta | string) => write(typeof delta === 'string' ? { content: delta } : delta),
    writeChunk(chunk: ChatCompletionChunk) {
      if (isOver) return
      events.push({ chunk, id: String(events.length + 1) })
      wake()
    },
    end(finishReason = 'stop') {
      write({}, finishReason)
      isOver = true
      wake()
    },
    cut(reason: Error = new StreamError('connection_lost', 'cut', { pieces: events.length })) {
      cuts.push(reason)
      wake()
    },
    get readers() {
      return readers
    },
    get isStopped() {
      return isOver
    },
    async *read(after: number, signal: AbortSignal): AsyncGenerator<ChunkEvent> {
      readers++
      const cutsBefore = cuts.length
      const onAbort = (): void => wake()
      signal.addEventListener('abort', onAbort)
      try {
        for (let at = after; ;) {
          if (signal.aborted) throw signal.reason
          const event = events[at]
          if (event !== undefined) {
            at++
            yield event
          } else if (cuts.length > cutsBefore) throw cuts[cutsBefore] as Error
          else if (isOver) return
          else
            await new Promise<void>((resolve) => {
              const waker = (): void => {
                wakers.delete(waker)
                resolve()
              }
              wakers.add(waker)
            })
        }
      } finally {
        signal.removeEventListener('abort', onAbort)
        readers--
      }
    },
  }
  return stream
}
