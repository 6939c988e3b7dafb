import type {
  AudioContentPart,
  ChatCompletionChunk,
  CompletionUsage,
  FileContentPart,
  FinishReason,
  ImageContentPart,
} from '@deltawire/core'
import type { ChatError } from './chat-error.ts'
import type { InputOf, Issue, OutputOf, ToolSet } from './tool.ts'

/** A turn of the conversation, as a screen shows it. Never changes: another state is another object. */
export interface Message<T extends ToolSet = ToolSet> {
  /** Unique in its chat, and the same from the first chunk to the end. */
  readonly id: string
  /** Who speaks. Results of tools have no message of their own: they are in the parts of the answer that called. */
  readonly role: 'assistant' | 'developer' | 'system' | 'user'
  /** What is said, in the order in which it came. */
  readonly parts: readonly MessagePart<T>[]
  /**
   * Why the answer ended, in the provider's word. `stopped`: by `stop`. `interrupted`: it broke off. Absent while it
   * arrives.
   */
  readonly finishReason?: FinishReason | 'interrupted' | 'stopped'
  /** What the answer took, in tokens. Absent where the provider does not tell. */
  readonly usage?: CompletionUsage
  /** The sum of the answer's chunks, once it has ended: what the model is sent back, signatures and all. */
  readonly sum?: ChatCompletionChunk
  /** Yours. */
  readonly metadata?: unknown
}

/** A piece of a message. One that has not changed is the same object as before. What a user shows is spelled as on the wire. */
export type MessagePart<T extends ToolSet = ToolSet> = MediaPart | TextPart | ToolCallPart<T>

/** Text of one kind. `reasoning`: what the model thought. `refusal`: why it will not answer. */
export interface TextPart {
  readonly type: 'reasoning' | 'refusal' | 'text'
  readonly text: string
}

/** A picture, sound or a file, as on the wire. */
export type MediaPart = AudioContentPart | FileContentPart | ImageContentPart

/** A call, in every state that it can be in. Without a toolbox: `streaming`, then `ready`, and `args` stay unread. */
export type ToolCallPart<T extends ToolSet = ToolSet> = {
  [Name in keyof T & string]: {
    readonly type: 'tool-call'
    readonly id: string
    readonly name: Name
    /** As the model writes it. */
    readonly argsText: string
  } & ToolCallState<InputOf<T[Name]>, OutputOf<T[Name]>>
}[keyof T & string]

/** What is known of a call, by its state. The type of the tool decides that of `args` and `result`. */
export type ToolCallState<Input, Output> =
  /** The arguments are on their way; what has arrived of them can be shown. */
  | { readonly state: 'streaming'; readonly args: DeepPartial<Input> | undefined }
  /** Not JSON, or not what the schema asks for. */
  | { readonly state: 'invalid'; readonly args: unknown; readonly issues: readonly Issue[]; readonly output: string }
  /** `ready`: for `addToolResult`. `approval`: for `approveTool`. */
  | { readonly state: 'approval' | 'ready' | 'running'; readonly args: Input }
  /** `output` is what the model is told. */
  | { readonly state: 'done'; readonly args: Input; readonly result: Output; readonly output: string }
  | { readonly state: 'denied' | 'failed'; readonly args: Input; readonly error: ChatError; readonly output: string }

/** A value while it arrives: any member may be missing yet. */
export type DeepPartial<T> = T extends readonly (infer Item)[]
  ? DeepPartial<Item>[]
  : T extends object
    ? { [Key in keyof T]?: DeepPartial<T[Key]> }
    : T
