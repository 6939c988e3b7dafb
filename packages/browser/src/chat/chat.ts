import type { ChatCompletionChunk } from '@deltawire/core'
import type { Retry } from '../follow/backoff.ts'
import type { Environment } from '../follow/environment.ts'
import type { Resolvable } from '../transport/resolvable.ts'
import type { ChatRequest, ChatTransport, Connection, StreamRef } from '../transport/transport.ts'
import type { ChatError } from './chat-error.ts'
import type { FlushMode } from './flush.ts'
import type { Message, MessagePart } from './message.ts'
import type { ChatStorage, SerializedChat } from './storage.ts'
import type { Selection } from './store.ts'
import type { OutputOf, Toolbox, ToolSet } from './tool.ts'

/** What a chat is made with. Only `transport` is needed. */
export interface ChatOptions<T extends ToolSet = ToolSet> {
  /** The way to the model: `fetchTransport`, `webSocketTransport`, `directTransport`, or one of your own. */
  transport: ChatTransport
  /**
   * The name of the conversation.
   *
   * @defaultValue that of `initialState`, else a random one
   */
  id?: string | undefined
  /** The conversation so far. */
  messages?: readonly Message<T>[] | undefined
  /** What `toJSON` gave, on a server or before. */
  initialState?: SerializedChat<T> | undefined
  /** What every request says besides the messages: `model`, `temperature`. A function is asked each time. */
  request?: Resolvable<Partial<ChatRequest>> | undefined
  /** What the model may call: `createToolbox`, from `@deltawire/browser/tools`. */
  tools?: Toolbox<T> | undefined
  /**
   * When what has arrived is shown.
   *
   * @defaultValue `'auto'`: with every frame, less often where showing is slow
   */
  flush?: FlushMode | undefined
  /**
   * Whether an answer that was on its way is taken up without being asked: when somebody first subscribes, and when the page
   * is seen again or has a network again.
   *
   * @defaultValue `'auto'`
   */
  resume?: 'auto' | 'manual' | undefined
  /**
   * When to try again after a failure; `false` for never.
   *
   * @defaultValue up to 5 times in a row, as `Retry` says
   */
  retry?: Retry | false | undefined
  /** Where the chat is kept while the page reloads, such as `sessionChatStorage('chat')`. */
  storage?: ChatStorage | undefined
  /**
   * Makes ids: of the chat, of messages, and the idempotency key of each request, so no two may be equal.
   *
   * @defaultValue 96 random bits
   */
  generateId?: (() => string) | undefined
  /**
   * What the chat knows of the page, of time and of chance. For tests: `createManualEnvironment`.
   *
   * @defaultValue the page
   */
  environment?: Environment | undefined
}

/** A chat at one moment. Never changes; whatever has not changed is the same object in the next one. */
export interface ChatSnapshot<T extends ToolSet = ToolSet> {
  /** The name of the conversation. */
  readonly id: string
  /** `submitted`: nothing of the answer is there yet. */
  readonly status: 'error' | 'ready' | 'streaming' | 'submitted'
  /** How the answer's stream is connected. `idle` while there is none. */
  readonly connection: Connection
  /** The conversation, oldest first, with what has arrived of the answer. */
  readonly messages: readonly Message<T>[]
  /** What waits for the answer to end. */
  readonly queued: readonly Message<T>[]
  /** Why the last answer broke off. `null` again with the next question, and after `clearError`. */
  readonly error: ChatError | null
}

/** What a user says: text, or parts of it. */
export type UserInput = string | { readonly parts: readonly MessagePart[]; readonly metadata?: unknown }

/** What goes for one question alone. */
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
  /** Why the answer is not whole. `null`: it is, or somebody stopped or left it. */
  readonly error: ChatError | null
}

/** What happens, as it happens, whenever it may be shown. */
export interface ChatEvents<T extends ToolSet = ToolSet> {
  /** A chunk of the answer has arrived. Comes for every chunk, however seldom the snapshot changes. */
  chunk: { readonly chunk: ChatCompletionChunk; readonly messageId: string }
  /** An answer has ended, by `stop` too. */
  finish: Message<T>
  /** An answer broke off. */
  error: ChatError
}

/** A conversation and what can be done with it. Made by `createChat`; its state is `getSnapshot()` and nothing else. */
export interface Chat<T extends ToolSet = ToolSet> {
  /**
   * Calls back when there is another snapshot. Gives what ends that.
   *
   * What a listener throws is reported as an error of the page, and harms neither the chat nor other listeners.
   */
  subscribe(onChange: () => void): () => void
  /** The chat now. The same object until something changes. */
  getSnapshot(): ChatSnapshot<T>
  /** What the chat was made with: what a server renders, and a page before it takes over. */
  getServerSnapshot(): ChatSnapshot<T>
  /** A part of the snapshot: who subscribes to it hears only of its changes. */
  select<S>(select: (snapshot: ChatSnapshot<T>) => S, isEqual?: (a: S, b: S) => boolean): Selection<S>
  /** Calls back when something happens. Gives what ends that. */
  on<E extends keyof ChatEvents>(event: E, listener: (event: ChatEvents<T>[E]) => void): () => void
  /** Asks. The message is in the snapshot at once. */
  sendMessage(input: UserInput, options?: SendOptions): Promise<Answer<T>>
  /** Asks again for the last answer, or for that one, before whatever waits; what came after it is dropped. */
  regenerate(options?: { messageId?: string | undefined } & SendOptions): Promise<Answer<T>>
  /** Says something else in the place of a message, before whatever waits; what came after it is dropped. */
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
  /**
   * Lets a call in the state `approval` run, or not: then `reason` is what the model is told.
   *
   * @throws TypeError if no such call waits for approval
   */
  approveTool(toolCallId: string, isApproved: boolean, reason?: string): void
  /**
   * Puts other messages in the place of the present ones. Asks nobody.
   *
   * Where there is no question among them, an answer that is under way is stopped, and one that was left is not taken up:
   * a conversation that begins anew does not begin with the end of another. What waits stays in line.
   */
  setMessages(messages: readonly Message<T>[] | ((messages: readonly Message<T>[]) => readonly Message<T>[])): void
  /** Takes the error away; the messages stay. */
  clearError(): void
  /** The chat as plain data, for a store, another page, or `initialState`. `JSON.stringify(chat)` calls it. */
  toJSON(): SerializedChat<T>
  /** Leaves, and calls nobody back any more. What waits is not asked: its promises resolve without message and error. */
  dispose(): void
}
