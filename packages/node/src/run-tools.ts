import {
  type ChatCompletion,
  type ChatCompletionChunk,
  type ChatCompletionMessage,
  type CompletionUsage,
  type FunctionTool,
  type ParsedToolCall,
  type RequestMessage,
  toolCallsOf,
} from '@deltawire/core'
import { checkAtLeast } from './check-at-least.ts'
import { checkSignal, followAbort } from './follow-abort.ts'
import { jsonSchemaOf } from './json-schema-of.ts'
import { runToolCall, wordsOf } from './run-tool-call.ts'
import { checkSchema } from './standard-schema.ts'
import { streamChatCompletion, type StreamChatCompletionOptions, type StreamRequest } from './stream-chat-completion.ts'
import { systemTime } from './time.ts'
import type { Approval, RunnableTool, ToolContext, ToolOutcome } from './tool.ts'

/** The tools of a run and how far it may go, and whatever `streamChatCompletion` takes. */
export interface RunToolsOptions extends StreamChatCompletionOptions {
  /** What the model may call, by the names that it is told. */
  tools: Readonly<Record<string, RunnableTool>>
  /** Decides on calls of tools that need approval. May take its time: it has no timeout. */
  approve?: ((input: unknown, context: ToolContext) => Approval | Promise<Approval>) | undefined
  /**
   * How often the model is asked. Calls in the last answer are not run.
   *
   * @defaultValue `10`: a model that turns in circles is expensive
   */
  maxSteps?: number | undefined
  /**
   * Calls of one answer that run at the same time.
   *
   * @defaultValue `16`: an answer may hold 128
   */
  maxParallelCalls?: number | undefined
  /**
   * Ends a call after this long; the model is told.
   *
   * @defaultValue `60_000`
   */
  toolTimeoutMs?: number | undefined
}

/** Everything that happens in a run, in order; `step` counts the requests from 1. */
export type ToolEvent =
  | { type: 'step_start'; step: number; messages: readonly RequestMessage[] }
  | { type: 'chunk'; step: number; chunk: ChatCompletionChunk }
  | { type: 'answer'; step: number; completion: ChatCompletion }
  | { type: 'call_start'; step: number; call: ParsedToolCall }
  | { type: 'call_end'; step: number; call: ParsedToolCall; outcome: ToolOutcome }
  | { type: 'end'; result: ToolRunResult }

/** How a run ended, and the conversation to go on with. */
export interface ToolRunResult {
  /** `answer`: the model called nothing more. `error`: a stream broke, or an abort. */
  stopped: 'answer' | 'error' | 'step_limit'
  /** The last answer, or what arrived of it. */
  completion: ChatCompletion | null
  /** The whole conversation: ask on with it. Without answers that broke and calls that were not run. */
  messages: RequestMessage[]
  steps: number
  /** Of all steps, as far as the provider told; `null` if it told nothing. */
  usage: CompletionUsage | null
  error: Error | null
}

/**
 * Asks, runs the tools that the model calls, tells it the results, and so on until it answers.
 *
 * Iterate over the run to see everything that happens, or only wait for its `result`. Leaving the loop early ends it.
 * Errors of tools, arguments that are not valid and names that do not exist are told to the model and end nothing.
 *
 * ```ts
 * const weather = defineTool({
 *   parameters: z.object({ city: z.string() }),
 *   run: ({ city }, { signal }) => fetchWeather(city, signal),
 * })
 * const { completion } = await runTools(request, { tools: { weather } }).result()
 * ```
 *
 * @throws TypeError at once for a tool that cannot be sent, or that may need approval when nobody approves
 */
export function runTools(request: StreamRequest, options: RunToolsOptions): ToolRun {
  const { tools, approve } = options
  checkSignal(options.signal)
  checkAtLeast(1, 'maxSteps', options.maxSteps ?? 10, 10)
  checkAtLeast(1, 'maxParallelCalls', options.maxParallelCalls ?? 16, 16)
  checkAtLeast(1, 'toolTimeoutMs', options.toolTimeoutMs ?? 60_000, 60_000)
  const declared = Object.entries(tools).map(([name, tool]): FunctionTool => {
    if (tool.timeoutMs !== undefined) checkAtLeast(1, 'timeoutMs', tool.timeoutMs, 60_000)
    if (tool.needsApproval !== undefined && approve === undefined)
      throw new TypeError(
        `the tool ${name} needs approval: runTools(request, { tools, approve: async (input, { call }) => … })`,
      )
    checkSchema(tool.parameters, `the parameters of ${name}`, 'parameters')
    const { schema, strict } = jsonSchemaOf(tool.parameters, tool)
    const { description } = tool
    const definition = {
      name,
      parameters: schema,
      ...(description !== undefined && { description }),
      ...(strict && { strict }),
    }
    return { type: 'function', function: definition }
  })
  return new ToolRun({ ...request, tools: [...(request.tools ?? []), ...declared] }, options)
}

/** A conversation between a model and tools, while it takes place. */
export class ToolRun implements AsyncIterable<ToolEvent> {
  readonly #request: StreamRequest
  readonly #options: RunToolsOptions
  readonly #controller = new AbortController()
  readonly #messages: RequestMessage[]
  #events: AsyncGenerator<ToolEvent, void, undefined> | undefined
  #completion: ChatCompletion | null = null
  #usage: CompletionUsage | null = null
  #steps = 0
  #settle: (result: ToolRunResult) => void = () => {}
  readonly #result = new Promise<ToolRunResult>((resolve) => (this.#settle = resolve))

  /** Made by `runTools`. */
  constructor(request: StreamRequest, options: RunToolsOptions) {
    this.#request = request
    this.#options = options
    this.#messages = [...request.messages]
  }

  /** The events. Begins the run; there is one run, and who iterates twice shares it. */
  [Symbol.asyncIterator](): AsyncGenerator<ToolEvent, void, undefined> {
    return (this.#events ??= this.#begin())
  }

  /** How it ended. Begins the run if nobody has. Never rejects. */
  async result(): Promise<ToolRunResult> {
    // Whoever iterates drives the run.
    if (this.#events === undefined) for await (const _event of this);
    return this.#result
  }

  abort(reason: unknown = new DOMException('The run was aborted', 'AbortError')): void {
    this.#controller.abort(reason)
  }

  #begin(): AsyncGenerator<ToolEvent, void, undefined> {
    const events = this.#run()
    const leave = events.return.bind(events)
    // A generator that is left before its first event runs nothing of itself, not even its `finally`.
    return Object.assign(events, {
      return: async (): Promise<IteratorResult<ToolEvent, void>> => {
        const left = await leave()
        this.#settle(this.#resultOf('error', leftRun()))
        return left
      },
    })
  }

  async *#run(): AsyncGenerator<ToolEvent, void, undefined> {
    const { signal } = this.#options
    if (signal?.aborted === true) this.abort(signal.reason)
    const unfollow = signal === undefined ? undefined : followAbort(signal, (reason) => this.abort(reason))
    let result: ToolRunResult | undefined
    try {
      result = this.#resultOf(yield* this.#takeSteps())
    } catch (reason) {
      result = this.#resultOf('error', reason)
    } finally {
      unfollow?.()
      if (result === undefined) this.abort(leftRun())
      this.#settle(result ?? this.#resultOf('error', this.#controller.signal.reason))
    }
    yield { type: 'end', result }
  }

  async *#takeSteps(): AsyncGenerator<ToolEvent, 'answer' | 'step_limit', undefined> {
    const { maxSteps = 10 } = this.#options
    for (;;) {
      const step = (this.#steps += 1)
      const message = yield* this.#ask(step)
      // Many say `stop` beside their calls: only the calls count.
      const calls = message.tool_calls === undefined ? [] : toolCallsOf(message)
      if (calls.length === 0) {
        this.#messages.push(message)
        return 'answer'
      }
      if (step >= maxSteps) return 'step_limit'
      const contents = yield* this.#runCalls(calls, step)
      this.#messages.push(message)
      for (const [at, { id }] of calls.entries())
        this.#messages.push({ role: 'tool', tool_call_id: id, content: contents[at] ?? '' })
    }
  }

  async *#ask(step: number): AsyncGenerator<ToolEvent, ChatCompletionMessage, undefined> {
    const messages = [...this.#messages]
    yield { type: 'step_start', step, messages }
    const stream = streamChatCompletion(
      { ...this.#request, messages },
      { ...this.#options, signal: this.#controller.signal },
    )
    try {
      for await (const chunk of stream) yield { type: 'chunk', step, chunk }
    } finally {
      const { completion } = await stream.result()
      this.#completion = completion
      if (completion?.usage) this.#usage = add(this.#usage, completion.usage)
    }
    const completion = await stream.completion()
    yield { type: 'answer', step, completion }
    // A complete answer has a choice.
    const { message } = completion.choices[0] as ChatCompletion['choices'][number]
    // A call without an id could not be answered.
    const named = message.tool_calls?.map((call, at) => (call.id === '' ? { ...call, id: `call_${step}_${at}` } : call))
    return named === undefined ? message : { ...message, tool_calls: named }
  }

  /** Runs the calls of one answer, and gives what the model is told in the order of the calls. */
  async *#runCalls(calls: readonly ParsedToolCall[], step: number): AsyncGenerator<ToolEvent, string[], undefined> {
    const { tools, approve, toolTimeoutMs = 60_000, maxParallelCalls = 16, time = systemTime } = this.#options
    const { signal } = this.#controller
    const context = { tools, approve, toolTimeoutMs, time, signal, step, messages: this.#messages }
    const contents: string[] = []
    const waiting = [...calls.entries()]
    const running = new Map<number, Promise<{ at: number; call: ParsedToolCall; outcome: ToolOutcome }>>()
    while (waiting.length > 0 || running.size > 0) {
      const next = running.size < maxParallelCalls ? waiting.shift() : undefined
      if (next !== undefined) {
        const [at, call] = next
        yield { type: 'call_start', step, call }
        const ended = runToolCall(call, context).then((outcome) => ({ at, call, outcome }))
        // An abort ends the run at the first of them.
        ended.catch(() => {})
        running.set(at, ended)
        continue
      }
      const { at, call, outcome } = await Promise.race(running.values())
      running.delete(at)
      contents[at] = outcome.content
      yield { type: 'call_end', step, call, outcome }
    }
    return contents
  }

  #resultOf(stopped: ToolRunResult['stopped'], reason?: unknown): ToolRunResult {
    const error =
      stopped !== 'error' ? null : reason instanceof Error ? reason : new Error(wordsOf(reason), { cause: reason })
    return {
      stopped,
      completion: this.#completion,
      messages: this.#messages,
      steps: this.#steps,
      usage: this.#usage,
      error,
    }
  }
}

const leftRun = (): DOMException => new DOMException('The run was left before its end', 'AbortError')

function add(
  sum: CompletionUsage | null,
  { prompt_tokens, completion_tokens, total_tokens }: CompletionUsage,
): CompletionUsage {
  return {
    prompt_tokens: (sum?.prompt_tokens ?? 0) + prompt_tokens,
    completion_tokens: (sum?.completion_tokens ?? 0) + completion_tokens,
    total_tokens: (sum?.total_tokens ?? 0) + total_tokens,
  }
}
