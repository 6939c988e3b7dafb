import { type ChatCompletionChunk, mergeChunk } from '@deltawire/core'
import type { Environment } from '../follow/environment.ts'
import { follow, type FollowOptions, type Position } from '../follow/follow.ts'
import type { ChatRequest } from '../transport/transport.ts'
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

export interface TurnOptions extends Omit<FollowOptions, 'position' | 'take'> {
  readonly environment: Environment
  readonly flush: FlushMode
  readonly draft: Draft
  readonly toolCalls?: ToolCallReader | undefined
  /** Absent where a stream is taken up. */
  readonly request?: (() => ChatRequest | Promise<ChatRequest>) | undefined
  onChunk(chunk: ChatCompletionChunk): void
  onMessage(message: Message): void
  /** Called once, before whatever ended the turn returns. */
  onEnd(end: TurnEnd): void
}

export interface Turn {
  /** Stops the model. What arrived stays. */
  stop(): Promise<{ stopped: boolean }>
  /** Leaves the stream to itself. */
  leave(): void
}

/** Reads one answer and shows it. */
export function startTurn(options: TurnOptions): Turn {
  const { draft, toolCalls } = options
  const flush = createFlush(() => show(), options.flush, options.environment)
  let message: Message | undefined
  let isOver = false
  const stream = follow({
    ...options,
    position: draft.position,
    take(chunk, isWhole) {
      if (isOver) return
      if (isWhole) {
        draft.sum = undefined
        toolCalls?.reset()
      }
      draft.sum = mergeChunk(draft.sum, chunk)
      const calls = toolCalls && choiceOf(chunk)?.delta.tool_calls
      if (calls) toolCalls.push(calls)
      // First, because whoever hears of the chunk may end the turn.
      flush.request()
      options.onChunk(chunk)
    },
    onConnection: (connection) => isOver || options.onConnection?.(connection),
    onOpen: () => isOver || options.onOpen?.(),
  })

  function show(finishReason?: Message['finishReason']): void {
    const { sum, messageId: id } = draft
    if (sum === undefined) return
    const state = finishReason === undefined ? 'streaming' : 'ready'
    const parts = partsOf(sum, message?.parts ?? [], state, toolCalls?.argsOf)
    const { usage } = sum
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
  function close(ended: TurnEnd): void {
    if (isOver) return
    isOver = true
    flush.cancel()
    const { how } = ended
    show(how === 'left' ? undefined : how === 'stopped' ? how : (finishReason() ?? 'interrupted'))
    options.onEnd(ended)
  }

  const finishReason = (): Message['finishReason'] => (draft.sum && choiceOf(draft.sum)?.finish_reason) ?? undefined

  async function run(): Promise<TurnEnd> {
    try {
      const request = await options.request?.()
      if (isOver) return { how: 'left' }
      const isThere = await stream.read(request)
      return { how: isThere || finishReason() !== undefined ? 'finished' : 'gone' }
    } catch (reason) {
      return { how: 'failed', reason }
    }
  }

  void run().then(close)
  return {
    async stop() {
      if (isOver) return { stopped: false }
      close({ how: 'stopped' })
      return stream.stop()
    },
    leave() {
      close({ how: 'left' })
      stream.leave()
    },
  }
}
