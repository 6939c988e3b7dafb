import { type ChatCompletion, type ChatCompletionChunk, createAccumulator, mergeChunk } from '@deltawire/core'
import type { Retry } from '../follow/backoff.ts'
import type { Environment } from '../follow/environment.ts'
import { follow, type Position } from '../follow/follow.ts'
import { onAbort } from '../follow/on-abort.ts'
import type { ChatRequest, ChatTransport, StreamRef } from '../transport/transport.ts'

/** How one answer is asked for. Only `transport` is needed. */
export interface StreamChatOptions {
  /** The way to the model: `fetchTransport`, `webSocketTransport`, `directTransport`, or one of your own. */
  transport: ChatTransport
  /** Leaves. */
  signal?: AbortSignal | undefined
  /**
   * When to try again after a failure; `false` for never.
   *
   * @defaultValue up to 5 times in a row, as `Retry` says
   */
  retry?: Retry | false | undefined
  /**
   * What the client knows of the page, of time and of chance. For tests: `createManualEnvironment`.
   *
   * @defaultValue the page
   */
  environment?: Environment | undefined
}

/** How a stream has ended, and what it had brought by then. */
export interface ChatResult {
  /** The answer, or what arrived of it. `null` if nothing did. */
  completion: ChatCompletion | null
  /** Whether it arrived to its end. */
  complete: boolean
  /** Why not. */
  error: Error | null
}

/**
 * One answer while it arrives.
 *
 * A loop gives every chunk once, over as many connections as it takes. It throws where a server can only begin anew: what was
 * given can not be taken back, while `snapshot` and `result` have what there is.
 */
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
  hasSome: boolean
  /** What it was given is not the beginning of what there is. */
  isTorn: boolean
  wake: () => void
}

function openStream(request: ChatRequest | undefined, position: Position, options: StreamChatOptions): ChatStream {
  const { signal } = options
  const readers = new Set<Reader>()
  let accumulator = createAccumulator()
  let ended: Promise<ChatResult> | undefined
  /** Whether somebody waits for all of it, or may. */
  let isAwaited = false
  let end: ChatResult | undefined

  const { read, stop, leave } = follow({
    ...options,
    position,
    take(chunk, isWhole) {
      if (isWhole) accumulator = createAccumulator()
      accumulator.push(chunk)
      for (const reader of readers) {
        reader.isTorn ||= isWhole && reader.hasSome
        reader.pending = mergeChunk(isWhole ? undefined : reader.pending, chunk)
        reader.wake()
      }
    },
  })

  async function run(): Promise<ChatResult> {
    const unlink = onAbort(signal, () => leave(signal?.reason))
    let error: Error | null = null
    try {
      if (!(await read(request))) error = new Error('the server no longer has the answer')
    } catch (reason) {
      error = reason instanceof Error ? reason : new Error(String(reason), { cause: reason })
    }
    unlink()
    end = { completion: accumulator.completion(), complete: error === null, error }
    for (const reader of readers) reader.wake()
    return end
  }

  const begin = (): Promise<ChatResult> => (ended ??= run())

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
    stop,
    leave: () => leave(),
    async *[Symbol.asyncIterator]() {
      const sum = accumulator.snapshot()
      const reader: Reader = {
        pending: sum && mergeChunk(undefined, sum),
        hasSome: false,
        isTorn: false,
        wake: () => {},
      }
      readers.add(reader)
      void begin()
      try {
        for (;;) {
          const { pending } = reader
          reader.pending = undefined
          if (reader.isTorn) {
            // Who is told so may ask for it.
            isAwaited = true
            throw new Error('the stream began anew: result() has it')
          }
          if (pending !== undefined) {
            reader.hasSome = true
            yield pending
          } else if (end === undefined) await new Promise<void>((resolve) => (reader.wake = resolve))
          else if (end.error !== null) throw end.error
          else return
        }
      } finally {
        readers.delete(reader)
        if (readers.size === 0 && !isAwaited) leave()
      }
    },
  }
}
