import { inspect } from 'node:util'
import type { ParsedToolCall, RequestMessage } from '@deltawire/core'
import { followAbort } from './follow-abort.ts'
import { sentenceOf } from './standard-schema.ts'
import type { Time } from './time.ts'
import type { Approval, RunnableTool, ToolContext, ToolOutcome } from './tool.ts'
import { unlessAborted } from './unless-aborted.ts'

/** What a call is run with. */
export interface CallContext {
  readonly tools: Readonly<Record<string, RunnableTool>>
  readonly approve: ((input: unknown, context: ToolContext) => Approval | Promise<Approval>) | undefined
  /** Of tools that have no timeout of their own. */
  readonly toolTimeoutMs: number
  readonly time: Time
  /** Of the whole run. */
  readonly signal: AbortSignal
  readonly step: number
  readonly messages: readonly RequestMessage[]
}

/**
 * Runs a call of a model.
 *
 * @throws the reason of an abort of the run
 */
export async function runToolCall(call: ParsedToolCall, context: CallContext): Promise<ToolOutcome> {
  const { tools, approve, toolTimeoutMs, time, signal: run, step, messages } = context
  run.throwIfAborted()
  const tool = Object.hasOwn(tools, call.name) ? tools[call.name] : undefined
  if (tool === undefined || call.type !== 'function')
    return {
      kind: 'unknown',
      content: `error: there is no function ${call.name}, only ${Object.keys(tools).join(', ')}`,
    }
  if (!call.valid) return { kind: 'invalid', content: 'error: the arguments are not JSON' }
  const controller = new AbortController()
  const { timeoutMs = toolTimeoutMs } = tool
  const late = new DOMException(`the call took longer than ${timeoutMs} ms`, 'TimeoutError')
  const unfollow = followAbort(run, (reason) => controller.abort(reason))
  const told: ToolContext = { signal: controller.signal, call, step, messages }
  let timer: { cancel(): void } | undefined
  try {
    const validated = await unlessAborted(controller.signal, tool.parameters['~standard'].validate(call.arguments))
    if (validated.issues !== undefined)
      return {
        kind: 'invalid',
        content: `error: the arguments are not valid: ${validated.issues.map(sentenceOf).join('; ')}`,
      }
    const { value: input } = validated
    if (approve !== undefined && (await unlessAborted(controller.signal, tool.needsApproval?.(input, told)))) {
      const approval = await unlessAborted(controller.signal, approve(input, told))
      if (approval !== true) {
        const why = approval === false ? '' : `: ${approval.denied}`
        return { kind: 'denied', content: `error: this call was not approved${why}` }
      }
    }
    if (timeoutMs !== Infinity) timer = time.start(timeoutMs, () => controller.abort(late))
    const value = await unlessAborted(controller.signal, tool.run(input, told))
    return { kind: 'ok', value, content: typeof value === 'string' ? value : (JSON.stringify(value) ?? '') }
  } catch (error) {
    // The end of the run is no matter of the model's.
    if (run.aborted) throw run.reason
    if (controller.signal.reason === late) return { kind: 'timeout', content: `error: ${late.message}` }
    return { kind: 'failed', error, content: `error: ${wordsOf(error)}` }
  } finally {
    timer?.cancel()
    unfollow()
  }
}

/** What somebody has thrown, in words: many throw objects that are no errors. */
export function wordsOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown
  const { message } = Object(thrown) as { message?: unknown }
  return typeof message === 'string' ? message : inspect(thrown)
}
