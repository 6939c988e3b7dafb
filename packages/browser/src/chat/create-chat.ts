import type { ChatCompletionChunk } from '@deltawire/core'
import type { Retry } from '../follow/backoff.ts'
import { type Environment, page } from '../follow/environment.ts'
import { randomId } from '../follow/random-id.ts'
import type { Resolvable } from '../transport/fetch-transport.ts'
import type { ChatRequest, ChatTransport, Connection, StreamRef } from '../transport/transport.ts'
import { type ChatError, chatErrorOf } from './chat-error.ts'
import type { FlushMode } from './flush.ts'
import type { Message, MessagePart } from './message.ts'
import { requestMessagesOf } from './request-messages-of.ts'
import type { ChatStorage, SerializedChat } from './storage.ts'
import { createStore, type Selection } from './store.ts'
import type { OutputOf, Toolbox, ToolCalls, ToolSet } from './tool.ts'
import { type Draft, startTurn, type Turn, type TurnEnd } from './turn.ts'

export interface ChatOptions<T extends ToolSet = ToolSet> {
  transport: ChatTransport
  /** @defaultValue a random one */
  id?: string | undefined
  /** The conversation so far. */
  messages?: readonly Message<T>[] | undefined
  /** What `toJSON` gave, on a server or before. */
  initialState?: SerializedChat<T> | undefined
  /** What every request says besides the messages: `model`, `temperature`. A function is asked each time. */
  request?: Resolvable<Partial<ChatRequest>> | undefined
  /** What the model may call: `createToolbox`, from `@deltawire/browser/tools`. */
  tools?: Toolbox<T> | undefined
  /** @defaultValue `'auto'` */
  flush?: FlushMode | undefined
  /**
   * Whether an answer that was on its way is taken up without being asked: when somebody first subscribes, and when the page
   * is seen again or has a network again.
   *
   * @defaultValue `'auto'`
   */
  resume?: 'auto' | 'manual' | undefined
  retry?: Retry | false | undefined
  /** Where the chat is kept while the page reloads, such as `sessionChatStorage('chat')`. */
  storage?: ChatStorage | undefined
  generateId?: (() => string) | undefined
  environment?: Environment | undefined
}

/** A chat at one moment. Never changes; whatever has not changed is the same object in the next one. */
export interface ChatSnapshot<T extends ToolSet = ToolSet> {
  readonly id: string
  /** `submitted`: nothing of the answer is there yet. */
  readonly status: 'error' | 'ready' | 'streaming' | 'submitted'
  readonly connection: Connection
  readonly messages: readonly Message<T>[]
  /** What waits for the answer to end. */
  readonly queued: readonly Message<T>[]
  readonly error: ChatError | null
}

/** What a user says: text, or parts of it. */
export type UserInput = string | { readonly parts: readonly MessagePart[]; readonly metadata?: unknown }

export interface SendOptions {
  /**
   * What happens while an answer is under way: the message waits for its end, or ends it, or is refused (error `busy`).
   *
   * @defaultValue `'queue'`
   */
  whenBusy?: 'interrupt' | 'queue' | 'reject' | undefined
  /** What this request says besides. */
  request?: Partial<ChatRequest> | undefined
}

/** How a question was answered. Nothing that comes over a wire is thrown. */
export interface Answer<T extends ToolSet = ToolSet> {
  /** The answer, or what arrived of it. `null`: nothing did. */
  readonly message: Message<T> | null
  readonly error: ChatError | null
}

/** What happens, as it happens, whenever it may be shown. */
export interface ChatEvents<T extends ToolSet = ToolSet> {
  chunk: { readonly chunk: ChatCompletionChunk; readonly messageId: string }
  /** An answer has ended, by `stop` too. */
  finish: Message<T>
  error: ChatError
}

export interface Chat<T extends ToolSet = ToolSet> {
  /** Calls back when there is another snapshot. Gives what ends that. */
  subscribe(onChange: () => void): () => void
  getSnapshot(): ChatSnapshot<T>
  /** What the chat was made with: what a server renders, and a page before it takes over. */
  getServerSnapshot(): ChatSnapshot<T>
  /** A part of the snapshot: who subscribes to it hears only of its changes. */
  select<S>(select: (snapshot: ChatSnapshot<T>) => S, isEqual?: (a: S, b: S) => boolean): Selection<S>
  on<E extends keyof ChatEvents>(event: E, listener: (event: ChatEvents<T>[E]) => void): () => void
  /** Asks. The message is in the snapshot at once. */
  sendMessage(input: UserInput, options?: SendOptions): Promise<Answer<T>>
  /** Asks again for the last answer, or for that one; what came after it is dropped. */
  regenerate(options?: { messageId?: string | undefined } & SendOptions): Promise<Answer<T>>
  /** Says something else in the place of a message; what came after it is dropped. */
  editMessage(messageId: string, input: UserInput, options?: SendOptions): Promise<Answer<T>>
  /** Stops the model, wherever it runs. What arrived stays. */
  stop(): Promise<{ stopped: boolean }>
  /** Only leaves: a server that keeps the stream writes on, and `resume` takes it up. */
  disconnect(): void
  /** Takes up the answer that was left, or that stream. Resolves when it has ended, to whether it was there. */
  resume(ref?: StreamRef & { readonly messageId?: string | undefined }): Promise<boolean>
  /** Gives the result of a call that has no `run`. When every call of the answer has one, the model is asked on. */
  addToolResult<Name extends keyof T & string>(given: {
    toolCallId: string
    tool: Name
    result: OutputOf<T[Name]>
  }): void
  approveTool(toolCallId: string, isApproved: boolean, reason?: string): void
  setMessages(messages: readonly Message<T>[] | ((messages: readonly Message<T>[]) => readonly Message<T>[])): void
  clearError(): void
  toJSON(): SerializedChat<T>
  /** Leaves, and calls nobody back any more. */
  dispose(): void
}

interface Waiting {
  readonly message: Message
  readonly request: Partial<ChatRequest> | undefined
  readonly resolve: (answer: Answer) => void
}

/** So many streams that were stopped are remembered. */
const STOPPED = 20

/**
 * A conversation: an external store, for any framework and for none.
 *
 * ```ts
 * const chat = createChat({ transport: fetchTransport({ url: '/chat' }), request: { model: 'demo' } })
 * chat.subscribe(() => render(chat.getSnapshot()))
 * await chat.sendMessage('Hello!')
 * ```
 */
export function createChat<const T extends ToolSet = ToolSet>(options: ChatOptions<T>): Chat<T> {
  const { transport, storage, environment = page, generateId = randomId } = options
  // The types of tools are for the caller: inside, a part is a part.
  const tools = options.tools as Toolbox | undefined
  const { initialState } = options
  const store = createStore<ChatSnapshot>({
    id: options.id ?? initialState?.id ?? generateId(),
    status: 'ready',
    connection: 'idle',
    messages: options.messages ?? initialState?.messages ?? [],
    queued: [],
    error: null,
  })
  const initial = store.get()
  const listeners: { [E in keyof ChatEvents]: Set<(event: ChatEvents[E]) => void> } = {
    chunk: new Set(),
    finish: new Set(),
    error: new Set(),
  }

  let turn: Turn | undefined
  /** The answer that is under way or was left. */
  let draft: Draft | undefined
  let stopped: readonly string[] = []
  let waiting: readonly Waiting[] = []
  let resuming: Promise<boolean> | undefined
  let isStarted = false
  let unwatch: (() => void) | undefined
  restore(initialState)

  function restore(state: SerializedChat | undefined): void {
    if (state?.live !== undefined) {
      const { streamId, messageId } = state.live
      draft = { messageId, position: { streamId } }
    }
    stopped = state?.stopped ?? stopped
  }

  function keep(): void {
    storage?.set(toJSON())
  }

  function toJSON(): SerializedChat {
    const { id, messages } = store.get()
    const streamId = draft?.position.streamId
    return {
      id,
      // What can be read again is not kept half.
      messages: streamId === undefined ? messages : messages.filter((message) => message.id !== draft?.messageId),
      ...(draft !== undefined && streamId !== undefined && { live: { streamId, messageId: draft.messageId } }),
      ...(stopped.length > 0 && { stopped }),
    }
  }

  /** The messages with this one, in the place of an earlier state of it or at the end. */
  function put(message: Message): readonly Message[] {
    const { messages } = store.get()
    let at = messages.length
    // Nearly always the last one.
    while (at > 0 && messages[at - 1]?.id !== message.id) at--
    return at === 0 ? [...messages, message] : [...messages.slice(0, at - 1), message, ...messages.slice(at)]
  }

  const tell = <E extends keyof ChatEvents>(event: E, value: ChatEvents[E]): void => {
    for (const listener of listeners[event]) listener(value)
  }

  /** Reads one answer to its end, whatever that is. */
  async function answer(own: Draft, request?: () => ChatRequest | Promise<ChatRequest>): Promise<Answer & TurnEnd> {
    const abandoned = draft !== own && store.get().messages.find(({ id }) => id === draft?.messageId)
    draft = own
    store.set({
      status: 'submitted',
      error: null,
      // What was left will not be taken up any more.
      ...(abandoned && { messages: put({ ...abandoned, finishReason: abandoned.finishReason ?? 'interrupted' }) }),
    })
    const current = startTurn({
      transport,
      environment,
      request,
      draft: own,
      retry: options.retry,
      flush: options.flush ?? 'auto',
      key: generateId(),
      toolCalls: calls?.createReader(),
      onChunk: (chunk) => tell('chunk', { chunk, messageId: own.messageId }),
      onMessage: (message) => store.set({ messages: put(message), status: 'streaming' }),
      onConnection: (connection) => store.set({ connection }),
      onOpen: keep,
    })
    turn = current
    const end = await current.end
    turn = undefined
    const message = store.get().messages.find(({ id }) => id === own.messageId) ?? null
    const error = errorOf(end, message !== null)
    const { streamId } = own.position
    if (end.how === 'stopped' && streamId !== undefined) stopped = [...stopped, streamId].slice(-STOPPED)
    // What was left, or lost on the way, may be taken up.
    const isOpen = streamId !== undefined && (end.how === 'left' || error?.isRetryable === true)
    if (!isOpen) draft = undefined
    store.set({ status: error === null ? 'ready' : 'error', connection: 'idle', error })
    keep()
    if (error !== null) tell('error', error)
    else if (message !== null && end.how !== 'left') tell('finish', message)
    if (end.how === 'finished' && message !== null) calls?.settle(message)
    const hasCalls = calls !== undefined && message?.parts.some(({ type }) => type === 'tool-call')
    // With the results of its calls the answer goes on: that comes first.
    if (error === null && end.how !== 'left' && !(end.how === 'finished' && hasCalls === true)) void next()
    return { ...end, message, error }
  }

  function errorOf(end: TurnEnd, isPartial: boolean): ChatError | null {
    if (end.how === 'gone')
      return { code: 'gone', message: 'the server does not have the answer any more', isRetryable: false, isPartial }
    return end.how === 'failed' ? chatErrorOf(end.reason, isPartial, environment.now()) : null
  }

  const ask = (extra?: Partial<ChatRequest>): Promise<Answer> =>
    answer({ messageId: generateId(), position: {} }, async () => {
      const { request } = options
      return {
        ...(tools && { tools: [...tools.definitions] }),
        ...(typeof request === 'function' ? await request() : request),
        ...extra,
        messages: requestMessagesOf(store.get().messages),
      }
    })

  /** Takes the next one that waits. */
  async function next(): Promise<void> {
    const [first, ...rest] = waiting
    if (first === undefined || turn !== undefined) return
    waiting = rest
    store.set({ queued: rest.map(({ message }) => message), messages: put(first.message) })
    first.resolve(await ask(first.request))
  }

  async function say(message: Message, { whenBusy = 'queue', request }: SendOptions): Promise<Answer> {
    if (turn !== undefined && whenBusy === 'reject') {
      const isBusy = 'an answer is under way'
      return { message: null, error: { code: 'busy', message: isBusy, isRetryable: true, isPartial: false } }
    }
    if (turn !== undefined && whenBusy === 'interrupt') void turn.stop()
    return new Promise((resolve) => {
      const one = { message, request, resolve }
      // Who interrupts does not stand in line.
      waiting = whenBusy === 'interrupt' ? [one, ...waiting] : [...waiting, one]
      store.set({ queued: waiting.map((each) => each.message) })
      void next()
    })
  }

  /** Ends what is under way and drops messages from there on. */
  async function cut(at: number): Promise<void> {
    void turn?.stop()
    // The turn has to hear of its end.
    while (turn !== undefined) await turn.end
    calls?.abort()
    draft = undefined
    store.set({ messages: store.get().messages.slice(0, at), error: null, status: 'ready' })
  }

  function resume(ref?: StreamRef & { messageId?: string | undefined }): Promise<boolean> {
    if (turn !== undefined) return resuming ?? turn.end.then(({ how }) => how === 'finished')
    if (ref !== undefined && ref.streamId !== draft?.position.streamId)
      draft = {
        messageId: ref.messageId ?? generateId(),
        position: { streamId: ref.streamId, lastEventId: ref.lastEventId },
      }
    const own = draft
    const streamId = own?.position.streamId
    if (own === undefined || streamId === undefined || stopped.includes(streamId)) return Promise.resolve(false)
    resuming ??= answer(own)
      .then(({ how }) => how === 'finished')
      .finally(() => (resuming = undefined))
    return resuming
  }

  function wake(): void {
    if (options.resume !== 'manual' && turn === undefined && draft !== undefined) void resume()
  }

  /** The first subscriber brings a chat to life: one that is only made, or rendered on a server, asks nobody. */
  function start(): void {
    if (isStarted) return
    isStarted = true
    const kept = storage?.get()
    if (kept !== undefined && turn === undefined && store.get() === initial) {
      restore(kept)
      store.set({ id: kept.id, messages: kept.messages })
    }
    wake()
  }

  const calls = tools?.connect({
    messages: () => store.get().messages,
    setMessages,
    proceed: () => turn ?? void ask(),
  })

  function setMessages(messages: readonly Message[]): void {
    store.set({ messages })
    keep()
  }

  const toolCalls = (): ToolCalls => {
    if (calls === undefined) throw new TypeError('the chat has no tools: createChat({ tools: createToolbox(…) })')
    return calls
  }

  const chat: Chat = {
    subscribe(onChange) {
      const unsubscribe = store.subscribe(onChange)
      unwatch ??= environment.onWake(wake)
      // Not while somebody renders.
      queueMicrotask(start)
      return () => {
        unsubscribe()
        if (store.size > 0) return
        unwatch?.()
        unwatch = undefined
      }
    },
    getSnapshot: store.get,
    getServerSnapshot: () => initial,
    select: store.select,
    on(event, listener) {
      listeners[event].add(listener)
      return () => listeners[event].delete(listener)
    },
    sendMessage: (input, sending = {}) => say(userMessage(generateId(), input), sending),
    async regenerate({ messageId, ...sending } = {}) {
      const { messages } = store.get()
      let at = messageId === undefined ? messages.length - 1 : messages.findIndex(({ id }) => id === messageId)
      while (at >= 0 && messages[at]?.role !== 'user') at--
      const message = messages[at]
      if (message === undefined) throw new TypeError('regenerate needs a message of the user to answer')
      await cut(at)
      return say(message, sending)
    },
    async editMessage(messageId, input, sending = {}) {
      const at = store.get().messages.findIndex(({ id }) => id === messageId)
      if (at === -1) throw new TypeError(`editMessage found no message ${messageId}`)
      await cut(at)
      return say(userMessage(messageId, input), sending)
    },
    stop() {
      calls?.abort()
      return turn?.stop() ?? Promise.resolve({ stopped: false })
    },
    disconnect: () => turn?.leave(),
    resume,
    addToolResult: ({ toolCallId, result }) => toolCalls().addResult(toolCallId, result),
    approveTool: (toolCallId, isApproved, reason) => toolCalls().approve(toolCallId, isApproved, reason),
    setMessages: (messages) => setMessages(typeof messages === 'function' ? messages(store.get().messages) : messages),
    clearError: () => store.set({ error: null, status: turn === undefined ? 'ready' : store.get().status }),
    toJSON,
    dispose() {
      isStarted = true
      turn?.leave()
      calls?.abort()
      store.clear()
      unwatch?.()
      for (const set of Object.values(listeners)) set.clear()
    },
  }
  // What is inside knows no tool's types, and gives what their owner put in.
  return chat as unknown as Chat<T>
}

function userMessage(id: string, input: UserInput): Message {
  const { parts, ...rest } = typeof input === 'string' ? { parts: [{ type: 'text', text: input } as const] } : input
  return { id, role: 'user', parts, ...rest }
}
