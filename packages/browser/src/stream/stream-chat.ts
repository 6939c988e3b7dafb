import { type ChatCompletion, type ChatCompletionChunk, createAccumulator, mergeChunk } from '@deltawire/core'
import type { Retry } from '../follow/backoff.ts'
import { type Environment, page } from '../follow/environment.ts'
import { follow, type Position } from '../follow/follow.ts'
import { left, stopStream } from '../follow/stop-stream.ts'
import { randomId } from '../follow/random-id.ts'
import type { ChatRequest, ChatTransport, StreamRef } from '../transport/transport.ts'

export interface StreamChatOptions {
  transport: ChatTransport
  /** Leaves. */
  signal?: AbortSignal | undefined
  retry?: Retry | false | undefined
  environment?: Environment | undefined
}

export interface ChatResult {
  /** The answer, or what arrived of it. `null` if nothing did. */
  completion: ChatCompletion | null
  /** Whether it arrived to its end. */
  complete: boolean
  /** Why not. */
  error: Error | null
}

/** One answer while it arrives. */
export interface ChatStream extends AsyncIterable<ChatCompletionChunk> {
  /** Which stream it is, and how far it has been read. `undefined` where the server keeps none. */
  readonly ref: StreamRef | undefined
  /** The sum so far, as a chunk that never changes. */
  snapshot(): ChatCompletionChunk | undefined
  /** How it ended. Never rejects. */
  result(): Promise<ChatResult>
  /** Stops the model. */
  stop(): Promise<{ stopped: boolean }>
  /** Only leaves. */
  leave(): void
}

/**
 * Asks, and gives the answer while it arrives: once, as chunks, as a whole, or both.
 *
 * The request is sent when something of the answer is first asked for. A reader that is slow gets fewer, larger chunks; one
 * that leaves its loop leaves the stream, if it was the last.
 *
 * ```ts
 * for await (const chunk of streamChat({ messages }, { transport })) text += textOf(chunk)
 * ```
 */
export function streamChat(request: ChatRequest, options: StreamChatOptions): ChatStream {
  return openStream(request, {}, options)
}

/** Takes up a stream that a server keeps. */
export function resumeChat(ref: StreamRef, options: StreamChatOptions): ChatStream {
  return openStream(undefined, { ...ref }, options)
}

interface Reader {
  pending: ChatCompletionChunk | undefined
  wake: () => void
}

function openStream(request: ChatRequest | undefined, position: Position, options: StreamChatOptions): ChatStream {
  const { transport, signal, environment = page } = options
  const controller = new AbortController()
  const readers = new Set<Reader>()
  let accumulator = createAccumulator()
  let ended: Promise<ChatResult> | undefined
  /** Whether somebody waits for all of it. */
  let isAwaited = false
  let end: ChatResult | undefined
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))

  function take(chunk: ChatCompletionChunk, isWhole: boolean): void {
    if (isWhole) accumulator = createAccumulator()
    accumulator.push(chunk)
    for (const reader of readers) {
      reader.pending = mergeChunk(isWhole ? undefined : reader.pending, chunk)
      reader.wake()
    }
  }

  async function run(): Promise<ChatResult> {
    const leave = (): void => controller.abort(signal?.reason)
    if (signal?.aborted === true) leave()
    signal?.addEventListener('abort', leave)
    let error: Error | null = null
    try {
      const isThere = await follow({
        ...options,
        request,
        position,
        environment,
        key: randomId(),
        signal: controller.signal,
        take,
        onOpen: open,
      })
      if (!isThere) error = new Error('the server does not have the stream any more')
    } catch (reason) {
      error = reason instanceof Error ? reason : new Error(String(reason), { cause: reason })
    }
    signal?.removeEventListener('abort', leave)
    end = { completion: accumulator.completion(), complete: error === null, error }
    for (const reader of readers) reader.wake()
    return end
  }

  const begin = (): Promise<ChatResult> => (ended ??= run())
  const leave = (how: 'left' | 'stopped') => (): void => controller.abort(left(how))

  return {
    get ref() {
      const { streamId, lastEventId } = position
      return streamId === undefined ? undefined : { streamId, lastEventId }
    },
    snapshot: () => accumulator.snapshot(),
    result() {
      isAwaited = true
      return begin()
    },
    stop: () => stopStream({ transport, position, opened, environment, leave: leave('stopped') }),
    leave: leave('left'),
    async *[Symbol.asyncIterator]() {
      const sum = accumulator.snapshot()
      const reader: Reader = { pending: sum && mergeChunk(undefined, sum), wake: () => {} }
      readers.add(reader)
      void begin()
      try {
        for (;;) {
          const { pending } = reader
          if (pending !== undefined) {
            reader.pending = undefined
            yield pending
          } else if (end === undefined) await new Promise<void>((resolve) => (reader.wake = resolve))
          else if (end.error !== null) throw end.error
          else return
        }
      } finally {
        readers.delete(reader)
        if (readers.size === 0 && !isAwaited) leave('left')()
      }
    },
  }
}
