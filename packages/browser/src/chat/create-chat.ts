import { page } from '../follow/environment.ts'
import { randomId } from '../follow/random-id.ts'
import { required } from '../transport/required.ts'
import type { ChatRequest } from '../transport/transport.ts'
import { attempt } from './attempt.ts'
import { createAnswers } from './answers.ts'
import type { Answer, Chat, ChatEvents, ChatOptions, ChatSnapshot, SendOptions } from './chat.ts'
import { listen, type Listeners, tellAll } from './listeners.ts'
import type { Message } from './message.ts'
import { hasCalls, indexOf, put, userMessage } from './message-list.ts'
import { createStore } from './store.ts'
import type { ToolCalls, ToolSet } from './tool.ts'

interface Waiting {
  readonly message: Message
  readonly request: Partial<ChatRequest> | undefined
  readonly resolve: (answer: Answer) => void
}

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
  const { transport, initialState, storage, environment = page, generateId = randomId } = options
  required(transport, 'createChat({ transport })')
  const store = createStore<ChatSnapshot>({
    id: options.id ?? initialState?.id ?? generateId(),
    status: 'ready',
    connection: 'idle',
    messages: options.messages ?? initialState?.messages ?? [],
    queued: [],
    error: null,
  })
  const initial = store.get()
  const listeners: { [E in keyof ChatEvents]: Listeners<ChatEvents[E]> } = {
    chunk: new Set(),
    finish: new Set(),
    error: new Set(),
  }
  const answers = createAnswers({
    // The types of tools are for the caller: inside, a part is a part.
    ...(options as ChatOptions),
    environment,
    generateId,
    store,
    tell: (event, value) => tellAll(listeners[event], value),
    onFree: () => void next(),
  })
  if (initialState !== undefined) answers.restore(initialState)

  let waiting: readonly Waiting[] = []
  /** Whether nothing that waits is taken. */
  let isHeld = false
  let isStarted = false
  let unwatch: (() => void) | undefined

  /** Takes the next one that waits. */
  async function next(): Promise<void> {
    const [first, ...rest] = waiting
    if (first === undefined || answers.turn !== undefined || isHeld) return
    waiting = rest
    isHeld = true
    store.set({ queued: rest.map(({ message }) => message), messages: put(store.get().messages, first.message) })
    isHeld = false
    first.resolve(await answers.ask(first.request))
  }

  async function say(message: Message, { whenBusy = 'queue', request }: SendOptions): Promise<Answer> {
    const isInterrupting = whenBusy === 'interrupt'
    if (answers.turn !== undefined && whenBusy === 'reject') {
      const isBusy = 'an answer is under way'
      return { message: null, error: { code: 'busy', message: isBusy, isRetryable: true, isPartial: false } }
    }
    return new Promise((resolve) => {
      const one = { message, request, resolve }
      // Who interrupts does not stand in line.
      waiting = isInterrupting ? [one, ...waiting] : [...waiting, one]
      store.set({ queued: waiting.map((each) => each.message) })
      if (isInterrupting) void answers.turn?.stop()
      void next()
    })
  }

  /** Puts other messages in their place, in which no answer goes on. */
  function replace(messages: readonly Message[]): void {
    isHeld = true
    answers.drop()
    store.set({ messages })
    isHeld = false
  }

  /** Says something in the place of the message there; what came after it is dropped. */
  function sayAt(at: number, message: Message, sending: SendOptions): Promise<Answer> {
    replace(store.get().messages.slice(0, at))
    store.set({ error: null, status: 'ready' })
    // Before whatever waits.
    return say(message, { ...sending, whenBusy: 'interrupt' })
  }

  /** The first subscriber brings a chat to life: one that is only made, or rendered on a server, asks nobody. */
  function start(): void {
    // Nobody may be left: on a server who renders only looks.
    if (isStarted || store.listeners.size === 0) return
    isStarted = true
    const kept = attempt(() => storage?.get())
    if (kept !== undefined && store.get() === initial && answers.turn === undefined) {
      answers.restore(kept)
      store.set({ id: kept.id, messages: kept.messages })
    }
    answers.wake()
  }

  const toolCalls = (): ToolCalls => {
    const { calls } = answers
    required(calls, 'createChat({ tools: createToolbox({}) })')
    return calls
  }

  const chat: Chat = {
    subscribe(onChange) {
      const unsubscribe = listen(store.listeners, onChange)
      unwatch ??= environment.onWake(answers.wake)
      // Not while somebody renders.
      queueMicrotask(start)
      return () => {
        unsubscribe()
        if (store.listeners.size > 0) return
        unwatch?.()
        unwatch = undefined
      }
    },
    getSnapshot: store.get,
    getServerSnapshot: () => initial,
    select: (select, isEqual) => store.select(select, isEqual, chat.subscribe),
    on: (event, listener) => listen(listeners[event], listener),
    sendMessage: (input, sending = {}) => say(userMessage(generateId(), input), sending),
    async regenerate({ messageId, ...sending } = {}) {
      const { messages } = store.get()
      let at = messageId === undefined ? messages.length - 1 : indexOf(messages, messageId)
      while (at >= 0 && messages[at]?.role !== 'user') at--
      const message = messages[at]
      if (message === undefined) throw new TypeError('regenerate needs a message of the user')
      return sayAt(at, message, sending)
    },
    async editMessage(messageId, input, sending = {}) {
      const at = indexOf(store.get().messages, messageId)
      if (at === -1) throw new TypeError(`editMessage found no message ${messageId}`)
      return sayAt(at, userMessage(messageId, input), sending)
    },
    stop() {
      answers.calls?.abort()
      if (answers.turn !== undefined) return answers.turn.stop()
      // What waits may have waited for these calls.
      if (hasCalls(store.get().messages.at(-1))) void next()
      return Promise.resolve({ stopped: false })
    },
    disconnect: () => answers.turn?.leave(),
    resume: answers.resume,
    addToolResult: ({ toolCallId, result }) => toolCalls().addResult(toolCallId, result),
    approveTool: (toolCallId, isApproved, reason) => toolCalls().approve(toolCallId, isApproved, reason),
    setMessages(messages) {
      const given = typeof messages === 'function' ? messages(store.get().messages) : messages
      const isBusy = answers.turn !== undefined
      if (given.some(({ role }) => role === 'user')) store.set({ messages: given })
      else replace(given)
      answers.keep()
      // What it waited for may have been stopped.
      if (isBusy) void next()
    },
    clearError: () => store.set({ error: null, ...(answers.turn === undefined && { status: 'ready' }) }),
    toJSON: answers.toJSON,
    dispose() {
      isStarted = true
      answers.turn?.leave()
      answers.calls?.abort()
      unwatch?.()
      unwatch = undefined
      for (const each of [store.listeners, ...Object.values(listeners)]) each.clear()
      for (const { resolve } of waiting) resolve({ message: null, error: null })
      waiting = []
      store.set({ queued: [] })
    },
  }
  // What is inside knows no tool's types, and gives what their owner put in.
  return chat as unknown as Chat<T>
}
