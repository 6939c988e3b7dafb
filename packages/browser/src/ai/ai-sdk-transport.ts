import type { ChatTransport as UiTransport, UIMessage, UIMessageChunk } from 'ai'
import type { Retry } from '../follow/backoff.ts'
import { type Environment, page } from '../follow/environment.ts'
import { follow, type Position } from '../follow/follow.ts'
import { randomId } from '../follow/random-id.ts'
import { left, stopStream } from '../follow/stop-stream.ts'
import type { ChatRequest, ChatTransport } from '../transport/transport.ts'
import { createUiChunks } from './ui-chunks.ts'
import { requestMessagesOfUi } from './request-messages-of-ui.ts'

export interface AiSdkTransportOptions {
  transport: ChatTransport
  /** What every request says besides the messages. */
  request?: Partial<ChatRequest> | undefined
  retry?: Retry | false | undefined
  /** Where it is kept which stream a chat reads, for `resume: true`. @defaultValue the tab's `sessionStorage` */
  storage?: Pick<Storage, 'getItem' | 'removeItem' | 'setItem'> | undefined
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
  const {
    transport,
    environment = page,
    storage = typeof sessionStorage === 'undefined' ? undefined : sessionStorage,
  } = options
  const keyOf = (chatId: string): string => `deltawire:${chatId}`

  function read(
    chatId: string,
    position: Position,
    request: ChatRequest | undefined,
    signal: AbortSignal | undefined,
  ): ReadableStream<UIMessageChunk> {
    const controller = new AbortController()
    let open = (): void => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    return new ReadableStream({
      async start(sink) {
        let isOver = false
        const stop = (): void => {
          isOver = true
          storage?.removeItem(keyOf(chatId))
          const leave = (): void => controller.abort(left('stopped'))
          void stopStream({ transport, position, opened, environment, leave })
          sink.enqueue({ type: 'abort' })
          sink.close()
        }
        signal?.addEventListener('abort', stop)
        const chunks = createUiChunks((chunk) => sink.enqueue(chunk))
        sink.enqueue({ type: 'start' })
        sink.enqueue({ type: 'start-step' })
        void follow({
          transport,
          request,
          position,
          environment,
          retry: options.retry,
          key: randomId(),
          signal: controller.signal,
          take: (chunk, isWhole) => isOver || chunks.push(chunk, isWhole),
          onOpen() {
            open()
            if (position.streamId !== undefined && !isOver) storage?.setItem(keyOf(chatId), position.streamId)
          },
        })
          .then(
            () => isOver || chunks.end(),
            (reason: unknown) =>
              isOver ||
              sink.enqueue({ type: 'error', errorText: reason instanceof Error ? reason.message : String(reason) }),
          )
          .finally(() => {
            signal?.removeEventListener('abort', stop)
            if (isOver) return
            isOver = true
            storage?.removeItem(keyOf(chatId))
            sink.close()
          })
        if (signal?.aborted === true) stop()
      },
      // Nobody reads any more; the model may go on.
      cancel: () => controller.abort(left('left')),
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
      const streamId = storage?.getItem(keyOf(chatId)) ?? undefined
      if (streamId === undefined || transport.resume === undefined) return null
      return read(chatId, { streamId }, undefined, undefined)
    },
  }
}
