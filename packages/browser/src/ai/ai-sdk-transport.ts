import type { ChatTransport as UiTransport, UIMessage, UIMessageChunk } from 'ai'
import type { Retry } from '../follow/backoff.ts'
import type { Environment } from '../follow/environment.ts'
import { follow, type Position } from '../follow/follow.ts'
import { onAbort } from '../follow/on-abort.ts'
import type { ChatRequest, ChatTransport } from '../transport/transport.ts'
import { createUiChunks, type UiChunks } from './ui-chunks.ts'
import { requestMessagesOfUi } from './request-messages-of-ui.ts'

/** How answers reach AI SDK's `useChat`. Only `transport` is needed. */
export interface AiSdkTransportOptions {
  /** The way to the model: `fetchTransport`, `webSocketTransport`, `directTransport`, or one of your own. */
  transport: ChatTransport
  /** What every request says besides the messages. */
  request?: Partial<ChatRequest> | undefined
  /**
   * When to try again after a failure; `false` for never.
   *
   * @defaultValue up to 5 times in a row, as `Retry` says
   */
  retry?: Retry | false | undefined
  /** Where it is kept which stream a chat reads, for `resume: true`. @defaultValue the tab's `sessionStorage` */
  storage?: Pick<Storage, 'getItem' | 'removeItem' | 'setItem'> | undefined
  /**
   * What the client knows of the page, of time and of chance. For tests: `createManualEnvironment`.
   *
   * @defaultValue the page
   */
  environment?: Environment | undefined
}

/**
 * Gives AI SDK's `useChat` our transports: an own backend of plain chunks, the relay, an endpoint; exact resume; and a
 * `stop` that stops the model.
 *
 * ```ts
 * const { messages, sendMessage, stop } = useChat({ transport: aiSdkTransport({ transport: webSocketTransport({ url }) }) })
 * ```
 */
export function aiSdkTransport<M extends UIMessage = UIMessage>(options: AiSdkTransportOptions): UiTransport<M> {
  const { transport } = options
  const keyOf = (chatId: string): string => `deltawire:${chatId}`

  /** One that is full or forbidden is passed over: an answer that can't be taken up is still an answer. */
  function inStorage<T>(act: (storage: Pick<Storage, 'getItem' | 'removeItem' | 'setItem'>) => T): T | undefined {
    try {
      return act(options.storage ?? sessionStorage)
    } catch {
      return undefined
    }
  }

  function read(
    chatId: string,
    position: Position,
    request: ChatRequest | undefined,
    signal: AbortSignal | undefined,
  ): ReadableStream<UIMessageChunk> {
    let isOver = false
    let chunks: UiChunks
    let unlink = (): void => {}
    const {
      read: readStream,
      stop,
      leave,
    } = follow({
      ...options,
      position,
      take: (chunk, isWhole) => isOver || chunks.push(chunk, isWhole),
      onOpen() {
        const { streamId } = position
        if (streamId !== undefined && !isOver) inStorage((storage) => storage.setItem(keyOf(chatId), streamId))
      },
    })
    return new ReadableStream({
      start(sink) {
        function close(last?: UIMessageChunk): void {
          if (isOver) return
          isOver = true
          unlink()
          inStorage((storage) => storage.removeItem(keyOf(chatId)))
          if (last !== undefined) sink.enqueue(last)
          sink.close()
        }
        chunks = createUiChunks((chunk) => sink.enqueue(chunk))
        sink.enqueue({ type: 'start' })
        sink.enqueue({ type: 'start-step' })
        readStream(request).then(
          () => {
            if (!isOver) chunks.end()
            close()
          },
          (reason: unknown) =>
            close({ type: 'error', errorText: reason instanceof Error ? reason.message : String(reason) }),
        )
        unlink = onAbort(signal, () => {
          close({ type: 'abort' })
          void stop()
        })
      },
      // Nobody reads any more; the model may go on.
      cancel() {
        isOver = true
        unlink()
        leave()
      },
    })
  }

  return {
    // A stream that is taken up comes from its beginning.
    resumeStreamIsReplay: true,
    async sendMessages({ chatId, messages, abortSignal, body }) {
      const request = { ...options.request, ...body, messages: requestMessagesOfUi(messages) }
      return read(chatId, {}, request, abortSignal)
    },
    async reconnectToStream({ chatId }) {
      const streamId = inStorage((storage) => storage.getItem(keyOf(chatId))) ?? undefined
      if (streamId === undefined || transport.resume === undefined) return null
      return read(chatId, { streamId }, undefined, undefined)
    },
  }
}
