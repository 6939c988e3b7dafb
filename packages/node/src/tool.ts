import type { ParsedToolCall, RequestMessage } from '@deltawire/core'
import type { JsonSchemaOptions } from './json-schema-of.ts'
import type { OutputOf, StandardSchema } from './standard-schema.ts'

/** A function that a model may call. */
export interface RunnableTool<S extends StandardSchema = StandardSchema> extends JsonSchemaOptions {
  /** When to call it and what for. The model reads it. */
  description?: string | undefined
  /** What it is called with. The model is told, and what it writes is validated. */
  parameters: S
  /**
   * Runs a call. What it returns is sent to the model: text as it is, other values as JSON. What it throws is sent too: the
   * model may do better with the next call.
   */
  run(input: OutputOf<S>, context: ToolContext): unknown
  /** Whether this call has to be approved by `approve` first. */
  needsApproval?(input: OutputOf<S>, context: ToolContext): boolean | Promise<boolean>
  /**
   * Ends a call after this long; the model is told.
   *
   * @defaultValue that of `runTools`
   */
  timeoutMs?: number | undefined
}

/** What a tool is told beside its arguments. */
export interface ToolContext {
  /** Aborts when the call has taken too long, or the whole run ends. */
  readonly signal: AbortSignal
  readonly call: ParsedToolCall
  /** Counted from 1. */
  readonly step: number
  /** The conversation up to the call. */
  readonly messages: readonly RequestMessage[]
}

/** `true`, or why not: the model is told. */
export type Approval = boolean | { denied: string }

/** How a call went. `content` is what the model is told. */
export interface ToolOutcome {
  readonly kind: 'denied' | 'failed' | 'invalid' | 'ok' | 'timeout' | 'unknown'
  readonly content: string
  /** What the tool returned. */
  readonly value?: unknown
  /** What the tool threw. */
  readonly error?: unknown
}

/** Gives a tool its types: `run` knows what `parameters` make. */
export function defineTool<const S extends StandardSchema>(tool: RunnableTool<S>): RunnableTool<S> {
  return tool
}
