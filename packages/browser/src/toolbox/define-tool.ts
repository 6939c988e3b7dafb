import type { JsonSchema } from '@deltawire/core'
import type { StandardSchema, ToolType } from '../chat/tool.ts'

type Input<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output']

/** What the model may call. */
export interface ToolDefinition<S extends StandardSchema = StandardSchema, Result = unknown> {
  /** When to call it and what for. The model reads it. */
  readonly description?: string | undefined
  /** What it is called with. The model is told, and what it writes is validated. */
  readonly parameters: S
  /** The JSON Schema that is sent, for libraries that do not make one (valibot alone). */
  readonly jsonSchema?: JsonSchema | undefined
  /**
   * Runs a call. What it returns is sent to the model: text as it is, other values as JSON. What it throws is sent too.
   *
   * Without it the call waits for `addToolResult`.
   */
  run?(input: Input<S>, context: ToolContext): Promise<Result> | Result
  /** Whether somebody has to agree first, by `approveTool`. */
  needsApproval?(input: Input<S>): boolean
}

/** What a running tool is handed besides its arguments. */
export interface ToolContext {
  /** The provider's name for the call. */
  readonly toolCallId: string
  /** Aborts with `stop`. */
  readonly signal: AbortSignal
}

/** A tool with its types. Made by `defineTool`, taken by `createToolbox`. */
export type Tool<S extends StandardSchema = StandardSchema, Result = unknown> = ToolDefinition<S, Result> &
  ToolType<Input<S>, Result>

/** Gives a tool its types: `run` knows what `parameters` make, and the chat what both do. */
export function defineTool<const S extends StandardSchema, Result = unknown>(
  tool: ToolDefinition<S, Result>,
): Tool<S, Awaited<Result>> {
  return tool as Tool<S, Awaited<Result>>
}
