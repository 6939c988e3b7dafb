import { type ChatCompletionChunk, mergeChunk } from '@deltawire/core'
import type { Retry } from '../follow/backoff.ts'
import type { Environment } from '../follow/environment.ts'
import { follow, type Position } from '../follow/follow.ts'
import { left, stopStream } from '../follow/stop-stream.ts'
import type { ChatRequest, ChatTransport, Connection } from '../transport/transport.ts'
import { createFlush, type FlushMode } from './flush.ts'
import type { Message } from './message.ts'
import { choiceOf, partsOf } from './parts-of.ts'
import type { ToolCallReader } from './tool.ts'

/** An answer while it is written: it outlives connections, and is taken up by another turn. */
export interface Draft {
  readonly messageId: string
  readonly position: Position
  sum?: ChatCompletionChunk | undefined
}

/** How a turn ended. `left`: the stream may go on without us. `gone`: the server does not have it any more. */
export type TurnEnd = { how: 'failed'; reason: unknown } | { how: 'finished' | 'gone' | 'left' | 'stopped' }

export interface TurnOptions {
  readonly transport: ChatTransport
  readonly environment: Environment
  readonly retry?: Retry | false | undefined
  readonly flush: FlushMode
  readonly key: string
  readonly draft: Draft
  readonly toolCalls?: ToolCallReader | undefined
  /** Absent where a stream is taken up. */
  readonly request?: (() => ChatRequest | Promise<ChatRequest>) | undefined
  onChunk(chunk: ChatCompletionChunk): void
  onMessage(message: Message): void
  onConnection(connection: Connection): void
  onOpen(): void
}

export interface Turn {
  readonly end: Promise<TurnEnd>
  /** Stops the model. What arrived stays. */
  stop(): Promise<{ stopped: boolean }>
  /** Leaves the stream to itself. */
  leave(): void
}

/** Reads one answer and shows it. */
export function startTurn(options: TurnOptions): Turn {
  const { transport, environment, draft, toolCalls } = options
  const controller = new AbortController()
  const flush = createFlush(() => show(), options.flush, environment)
  let message: Message | undefined
  let isOver = false
  let settle: (end: TurnEnd) => void = () => {}
  const end = new Promise<TurnEnd>((resolve) => (settle = resolve))
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))

  function take(chunk: ChatCompletionChunk, isWhole: boolean): void {
    if (isOver) return
    if (isWhole) {
      draft.sum = undefined
      toolCalls?.reset()
    }
    draft.sum = mergeChunk(draft.sum, chunk)
    const calls = toolCalls && choiceOf(chunk)?.delta.tool_calls
    if (calls) toolCalls.push(calls)
    options.onChunk(chunk)
    flush.request()
  }

  function show(finishReason?: Message['finishReason']): void {
    const { sum, messageId: id } = draft
    if (sum === undefined) return
    const state = finishReason === undefined ? 'streaming' : 'ready'
    const parts = partsOf(sum, message?.parts ?? [], state, toolCalls?.argsOf)
    const usage = sum.usage ?? undefined
    if (finishReason === undefined && parts === message?.parts) return
    message = {
      id,
      role: 'assistant',
      parts,
      ...(usage && { usage: { ...usage } }),
      // Nothing is added to it any more.
      ...(finishReason !== undefined && { finishReason, sum }),
    }
    options.onMessage(message)
  }

  /** The first way to end counts, and is shown at once. */
  function close(how: TurnEnd): void {
    if (isOver) return
    isOver = true
    flush.cancel()
    if (how.how === 'left') show()
    else show(how.how === 'stopped' ? 'stopped' : (finishReason() ?? 'interrupted'))
    settle(how)
  }

  const finishReason = (): Message['finishReason'] => (draft.sum && choiceOf(draft.sum)?.finish_reason) ?? undefined

  async function run(): Promise<void> {
    try {
      const request = await options.request?.()
      if (isOver) return
      const isThere = await follow({
        ...options,
        request,
        position: draft.position,
        signal: controller.signal,
        take,
        onConnection: (connection) => isOver || options.onConnection(connection),
        onOpen() {
          open()
          if (!isOver) options.onOpen()
        },
      })
      close({ how: isThere || finishReason() !== undefined ? 'finished' : 'gone' })
    } catch (reason) {
      close({ how: 'failed', reason })
    }
  }

  async function stop(): Promise<{ stopped: boolean }> {
    if (isOver) return { stopped: false }
    close({ how: 'stopped' })
    const { position } = draft
    return stopStream({ transport, position, opened, environment, leave: () => controller.abort(left('stopped')) })
  }

  void run()
  return {
    end,
    stop,
    leave() {
      close({ how: 'left' })
      controller.abort(left('left'))
    },
  }
}
