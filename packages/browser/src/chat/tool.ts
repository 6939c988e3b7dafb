import type { FunctionTool, ToolCallDelta } from '@deltawire/core'
import type { Message } from './message.ts'

/** What zod, valibot, arktype and others have in common: https://standardschema.dev */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
    readonly validate: (value: unknown) => Promise<StandardResult<Output>> | StandardResult<Output>
    /** Only where a library can: zod from 4.2, arktype from 2.1.28, valibot by `@valibot/to-json-schema`. */
    readonly jsonSchema?: { readonly input: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown> }
  }
}

/** What validating gives: a value, or why there is none. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] }

/** Why a value is not valid, and where. */
export interface Issue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Tools by their names. */
export type ToolSet = Readonly<Record<string, ToolType>>

/** What the types of a tool are known by: its arguments, as the schema makes them, and what running it gives. */
export interface ToolType<Input = unknown, Output = unknown> {
  readonly types?: { readonly input: Input; readonly output: Output } | undefined
}

/** What a tool is called with: the arguments as its schema makes them. */
export type InputOf<T extends ToolType> = NonNullable<T['types']>['input']
/** What running a tool gives. */
export type OutputOf<T extends ToolType> = NonNullable<T['types']>['output']

/** What a chat needs of tools. `createToolbox` makes one; a chat without tools does not pay for it. */
export interface Toolbox<T extends ToolSet = ToolSet> {
  /** The tools, by the names under which the model calls them. */
  readonly tools: T
  /** What the model is told. */
  readonly definitions: readonly FunctionTool[]
  /** Takes charge of the calls in a chat. */
  connect(host: ToolHost): ToolCalls
}

/** The calls of one chat. */
export interface ToolCalls {
  /** Follows the arguments of an answer's calls while they arrive. */
  createReader(): ToolCallReader
  /** Runs the calls of an answer that has ended. */
  settle(message: Message): void
  /**
   * Gives the result of a call that waits for it.
   *
   * @throws TypeError if no such call does
   */
  addResult(toolCallId: string, result: unknown): void
  /**
   * Lets a call run, or tells the model why not.
   *
   * @throws TypeError if no such call waits for approval
   */
  approve(toolCallId: string, isApproved: boolean, reason?: string): void
  /** Ends what runs. */
  abort(): void
}

/** Reads the arguments of one answer's calls while they arrive. Each piece costs its own length. */
export interface ToolCallReader {
  /** Takes the fragments of one chunk. */
  push(calls: readonly ToolCallDelta[]): void
  /** What has been read of the arguments of the call at this index; the same value while nothing came. */
  argsOf(index: number): unknown
  /** Forgets everything. */
  reset(): void
}

/** What tools may do to a chat. */
export interface ToolHost {
  messages(): readonly Message[]
  setMessages(messages: readonly Message[]): void
  /** Every call has its result: the model is asked on. */
  proceed(): void
  /** Every call has its result, and the model is not asked on: whatever waits may go on. */
  rest(): void
}
