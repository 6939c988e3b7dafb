import type { Environment } from '../follow/environment.ts'
import { currentOf } from '../transport/resolvable.ts'
import type { ChatRequest, StreamRef } from '../transport/transport.ts'
import { attempt } from './attempt.ts'
import type { Answer, ChatEvents, ChatOptions, ChatSnapshot } from './chat.ts'
import { type ChatError, chatErrorOf } from './chat-error.ts'
import type { Message } from './message.ts'
import { hasCalls, put } from './message-list.ts'
import { requestMessagesOf } from './request-messages-of.ts'
import type { LiveAnswer, SerializedChat } from './storage.ts'
import type { Store } from './store.ts'
import type { ToolCalls } from './tool.ts'
import { type Draft, startTurn, type Turn, type TurnEnd } from './turn.ts'

export interface AnswersOptions extends Omit<ChatOptions, 'environment' | 'generateId'> {
  readonly environment: Environment
  readonly store: Store<ChatSnapshot>
  generateId(): string
  tell<E extends keyof ChatEvents>(event: E, value: ChatEvents[E]): void
  /** An answer is over, and nothing has to follow it. */
  onFree(): void
}

/** The answers of a chat: one at a time, and perhaps one that was left and may be taken up. */
export interface Answers {
  /** The one that is being written. */
  readonly turn: Turn | undefined
  readonly calls: ToolCalls | undefined
  /** Asks for an answer to the messages. */
  ask(extra?: Partial<ChatRequest>): Promise<Answer>
  resume(ref?: StreamRef & { readonly messageId?: string | undefined }): Promise<boolean>
  /** Takes up what was left, if anything was and nobody wants to do that himself. */
  wake(): void
  /** Ends what is under way, and forgets what was left. */
  drop(): void
  /** Stores the chat. */
  keep(): void
  toJSON(): SerializedChat
  restore(state: SerializedChat): void
}

/** So many streams that were stopped are remembered. */
const STOPPED = 20

export function createAnswers(options: AnswersOptions): Answers {
  const { store, environment, storage, tools, generateId, tell } = options
  let turn: Turn | undefined
  /** How it ends. */
  let ending: Promise<TurnEnd> | undefined
  /** The answer that is under way or was left. */
  let draft: Draft | undefined
  let stopped: readonly string[] = []

  const keep = (): void => attempt(() => storage?.set(toJSON()))

  function toJSON(): SerializedChat {
    const { id, messages } = store.get()
    const { messageId, position: { streamId } = {} } = draft ?? {}
    return {
      id,
      // What can be read again is not kept half.
      messages: streamId === undefined ? messages : messages.filter((message) => message.id !== messageId),
      ...(messageId !== undefined && streamId !== undefined && { live: { streamId, messageId } }),
      ...(stopped.length > 0 && { stopped }),
    }
  }

  const calls = tools?.connect({
    messages: () => store.get().messages,
    setMessages(messages) {
      store.set({ messages })
      keep()
    },
    proceed: () => turn ?? void ask(),
    rest: options.onFree,
  })

  /** Reads one answer to its end, whatever that is. */
  function answer(own: Draft, request?: () => ChatRequest | Promise<ChatRequest>): Promise<Answer & TurnEnd> {
    const { messageId } = own
    const abandoned = draft === own ? undefined : find(draft?.messageId)
    draft = own
    const answered = new Promise<Answer & TurnEnd>((resolve) => {
      turn = startTurn({
        ...options,
        flush: options.flush ?? 'auto',
        request,
        draft: own,
        key: generateId(),
        toolCalls: calls?.createReader(),
        onChunk: (chunk) => tell('chunk', { chunk, messageId }),
        onMessage: (message) => store.set({ messages: put(store.get().messages, message), status: 'streaming' }),
        onConnection: (connection) => store.set({ connection }),
        onOpen: keep,
        onEnd: (end) => resolve(close(own, end)),
      })
    })
    ending = answered
    // Who hears of it may stop it, or ask something else.
    store.set({
      status: 'submitted',
      error: null,
      // What was left will not be taken up any more.
      ...(abandoned && { messages: put(store.get().messages, { finishReason: 'interrupted', ...abandoned }) }),
    })
    return answered
  }

  const find = (id: string | undefined): Message | undefined =>
    store.get().messages.find((message) => message.id === id)

  /** At once: whoever stops or leaves may ask in the same breath. */
  function close({ messageId, position }: Draft, end: TurnEnd): Answer & TurnEnd {
    turn = undefined
    ending = undefined
    const { how } = end
    const message = find(messageId) ?? null
    const error = errorOf(end, message !== null)
    const { streamId } = position
    if (how === 'stopped' && streamId !== undefined) stopped = [...stopped, streamId].slice(-STOPPED)
    // What was left, or lost on the way, may be taken up.
    if (streamId === undefined || (how !== 'left' && error?.isRetryable !== true)) draft = undefined
    store.set({ status: error === null ? 'ready' : 'error', connection: 'idle', error })
    keep()
    if (error !== null) tell('error', error)
    else if (how !== 'left') {
      if (message !== null) tell('finish', message)
      if (how === 'finished' && message !== null) calls?.settle(message)
      // With the results of its calls the answer goes on: that comes first.
      if (how !== 'finished' || calls === undefined || !hasCalls(message)) options.onFree()
    }
    return { ...end, message, error }
  }

  function errorOf(end: TurnEnd, isPartial: boolean): ChatError | null {
    if (end.how === 'gone')
      return { code: 'gone', message: 'the server no longer has the answer', isRetryable: false, isPartial }
    return end.how === 'failed' ? chatErrorOf(end.reason, isPartial, environment.now()) : null
  }

  const ask = (extra?: Partial<ChatRequest>): Promise<Answer> =>
    answer({ messageId: generateId(), position: {} }, async () => {
      return {
        ...(tools && { tools: [...tools.definitions] }),
        ...(await currentOf(options.request)),
        ...extra,
        messages: requestMessagesOf(store.get().messages),
      }
    })

  const draftOf = ({ messageId = generateId(), ...position }: Partial<LiveAnswer> & StreamRef): Draft => ({
    messageId,
    position,
  })

  function resume(ref?: Partial<LiveAnswer> & StreamRef): Promise<boolean> {
    const wasThere = ({ how }: TurnEnd): boolean => how === 'finished'
    if (ending !== undefined) return ending.then(wasThere)
    const own = ref === undefined || ref.streamId === draft?.position.streamId ? draft : draftOf(ref)
    const streamId = own?.position.streamId
    if (own === undefined || streamId === undefined || stopped.includes(streamId)) return Promise.resolve(false)
    return answer(own).then(wasThere)
  }

  return {
    get turn() {
      return turn
    },
    calls,
    ask,
    resume,
    wake() {
      if (options.resume !== 'manual' && turn === undefined) void resume()
    },
    drop() {
      void turn?.stop()
      calls?.abort()
      draft = undefined
    },
    keep,
    toJSON,
    restore(state) {
      if (state.live) draft = draftOf(state.live)
      stopped = state.stopped ?? stopped
    },
  }
}
