import type { ChatTransport as UiTransport, UIMessage, UIMessageChunk } from 'ai'
import { isTransient, type Retry } from '../follow/backoff.ts'
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

/** An answer in AI SDK's words. */
interface Reading {
  readonly stream: ReadableStream<UIMessageChunk>
  /** Resolves once it is known whether the server has it. */
  readonly isThere: Promise<boolean>
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

  /** Another answer may be on its way by then. */
  function forget(chatId: string, { streamId }: Position): void {
    inStorage((storage) => {
      if (storage.getItem(keyOf(chatId)) === streamId) storage.removeItem(keyOf(chatId))
    })
  }

  /** The last time that each chat took an answer up. */
  const resumes = new Map<string, object>()

  /** @param onStop calls back when the answer is not wanted any more, and says whether its model is to stop. Gives what ends that */
  function read(
    chatId: string,
    position: Position,
    request: ChatRequest | undefined,
    onStop: (stop: (isWished: boolean) => void) => () => void,
  ): Reading {
    let isOver = false
    let chunks: UiChunks
    let unlink = (): void => {}
    let begin: ((messageId: string | undefined) => void) | undefined
    let tell = (_isThere: boolean): void => {}
    const isThere = new Promise<boolean>((resolve) => (tell = resolve))
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
        if (!isOver) {
          if (streamId !== undefined) inStorage((storage) => storage.setItem(keyOf(chatId), streamId))
          begin?.(streamId)
        }
        tell(true)
      },
    })
    const stream = new ReadableStream<UIMessageChunk>({
      start(sink) {
        function close(last?: UIMessageChunk, isKept = false): void {
          if (isOver) return
          isOver = true
          unlink()
          if (!isKept) forget(chatId, position)
          if (last !== undefined) sink.enqueue(last)
          sink.close()
        }
        chunks = createUiChunks((chunk) => sink.enqueue(chunk))
        begin = (messageId) => {
          begin = undefined
          // What is taken up takes the place of what there is of it.
          sink.enqueue({ type: 'start', ...(messageId !== undefined && { messageId }) })
          sink.enqueue({ type: 'start-step' })
        }
        readStream(request).then(
          (wasThere) => {
            const isWhole = wasThere || chunks.isFinished
            if (!isOver && isWhole) chunks.end()
            close(isWhole ? undefined : errorOf('the server no longer has the answer'))
            tell(isWhole)
          },
          (reason: unknown) => {
            // A server that is away may be back when the page is loaded the next time.
            close(errorOf(reason instanceof Error ? reason.message : String(reason)), isTransient(reason))
            tell(true)
          },
        )
        unlink = onStop((isWished) => {
          close({ type: 'abort' }, !isWished)
          if (isWished) void stop()
          else leave()
        })
      },
      // Nobody reads any more; the model may go on.
      cancel() {
        isOver = true
        unlink()
        leave()
      },
    })
    return { stream, isThere }
  }

  return {
    // A stream that is taken up comes from its beginning.
    resumeStreamIsReplay: true,
    async sendMessages({ chatId, messages, abortSignal, body }) {
      const request = { ...options.request, ...body, messages: requestMessagesOfUi(messages) }
      return read(chatId, {}, request, (stop) => onAbort(abortSignal, () => stop(true))).stream
    },
    async reconnectToStream({ chatId, abortSignal }) {
      const own = {}
      resumes.set(chatId, own)
      const streamId = inStorage((storage) => storage.getItem(keyOf(chatId))) ?? undefined
      if (streamId === undefined || transport.resume === undefined) return null
      const { stream, isThere } = read(chatId, { streamId }, undefined, (stop) =>
        // AI SDK aborts also what it asks for anew in the same breath: that is to be left and not stopped.
        onAbort(abortSignal, () => queueMicrotask(() => stop(resumes.get(chatId) === own))),
      )
      return (await isThere) ? stream : null
    },
  }
}

const errorOf = (errorText: string): UIMessageChunk => ({ type: 'error', errorText })
