import type { ParsedToolCall, RequestMessage } from '@deltawire/core'
import type { Usage } from '@deltawire/node'
import { Interrupted } from '../io.ts'
import { note, type Loudness } from '../report.ts'
import type { Answered } from './create-printer.ts'
import { callsOf, takeAnswer, type TakeAnswerOptions } from './take-answer.ts'
import { approves, callTool, type Tool } from './tools.ts'

export interface ToolStepsOptions extends TakeAnswerOptions {
  readonly tools: readonly Tool[]
  readonly maxSteps: number
  /** Runs calls without asking. */
  readonly isApproved: boolean
  readonly question: ((question: string) => Promise<string>) | undefined
  readonly loudness: Loudness
}

/**
 * Asks, runs the tools that the model calls, tells it the results, and so on until it answers.
 *
 * The usage and the cost are those of all steps.
 */
export async function runToolSteps(options: ToolStepsOptions): Promise<Answered> {
  const { tools, maxSteps, conversation, io, loudness } = options
  const asked: RequestMessage[] = [...options.request.messages]
  let total: Pick<Answered, 'cost' | 'usage'> = { usage: undefined, cost: undefined }
  for (let step = 1; ; step++) {
    const answered = await takeAnswer({ ...options, request: { ...options.request, messages: [...asked] } })
    total = {
      usage: add(total.usage, answered.usage),
      cost: answered.cost === undefined ? total.cost : (total.cost ?? 0) + answered.cost,
    }
    const calls = callsOf(answered)
    for (const { name, text } of calls) await note(io, loudness, `the model called ${name}(${text})`)
    if (calls.length === 0 || tools.length === 0) return { ...answered, ...total }
    if (step >= maxSteps) {
      await note(io, loudness, `stopped after ${maxSteps} steps (--max-steps); these calls were not run`)
      return { ...answered, ...total }
    }
    let results: RequestMessage[]
    try {
      results = await runCalls(calls, options)
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error
      return { ...answered, ...total, error }
    }
    const answer = conversation.path().at(-1)?.message
    conversation.add(...results.map((message) => [message] as const))
    asked.push(...(answer === undefined ? [] : [answer]), ...results)
  }
}

/** @throws {Interrupted} when the user does not want to go on */
async function runCalls(calls: readonly ParsedToolCall[], options: ToolStepsOptions): Promise<RequestMessage[]> {
  const { tools, io, signal, loudness, question, isApproved } = options
  const results: RequestMessage[] = []
  for (const call of calls) {
    const isAllowed = isApproved || (await approves(call, question))
    if (!isAllowed && question === undefined)
      await note(io, loudness, `${call.name} was not run: nobody is there to ask; --yes runs tools without asking`)
    const content = isAllowed ? await callTool(tools, call, { ...io, signal }) : 'error: this call was not approved'
    results.push({ role: 'tool', tool_call_id: call.id, content })
  }
  return results
}

function add(sum: Usage | undefined, usage: Usage | undefined): Usage | undefined {
  if (sum === undefined || usage === undefined) return sum ?? usage
  return {
    prompt_tokens: sum.prompt_tokens + usage.prompt_tokens,
    completion_tokens: sum.completion_tokens + usage.completion_tokens,
    total_tokens: sum.total_tokens + usage.total_tokens,
    ...((sum.estimated === true || usage.estimated === true) && { estimated: true as const }),
  }
}
