import type { AssistantMessage, RequestMessage } from '@deltawire/core'

/**
 * The messages of a conversation as servers take them.
 *
 * - A call that no result follows is left out: it was cut off, or the user went on to something else, and servers refuse a
 *   call without a result.
 * - Results at the beginning are left out: their call was further back than the history was read, and servers refuse a
 *   result without a call. (Not where there is nothing else: then they are what is being said.)
 * - Reasoning is sent back while tools are being answered, where DeepSeek, Kimi and OpenRouter want it, and not in later
 *   turns, where it costs tokens and older models refuse it.
 * - An answer of which nothing is left is left out.
 *
 * @returns with `undefined` in the place of what is left out
 */
export function promptMessages(said: readonly RequestMessage[]): (RequestMessage | undefined)[] {
  const turn = said.findLastIndex(({ role }) => role === 'user')
  const begin = said.findIndex(({ role }) => role !== 'tool')
  return said.map((message, at) => {
    if (at < begin) return undefined
    if (message.role !== 'assistant') return message
    const answer = withResults(at > turn ? message : withoutReasoning(message), resultsAfter(said, at))
    return isEmpty(answer) ? undefined : answer
  })
}

/** The ids of the calls that are answered right after a message. */
function resultsAfter(said: readonly RequestMessage[], at: number): ReadonlySet<string> {
  const ids = new Set<string>()
  for (let next = at + 1; next < said.length; next += 1) {
    const message = said[next]
    if (message?.role !== 'tool') break
    ids.add(message.tool_call_id)
  }
  return ids
}

function withResults(message: AssistantMessage, results: ReadonlySet<string>): AssistantMessage {
  const { tool_calls: calls, ...rest } = message
  if (calls === undefined) return message
  const answered = calls.filter(({ id }) => results.has(id))
  return answered.length === 0 ? rest : { ...rest, tool_calls: answered }
}

function withoutReasoning(message: AssistantMessage): AssistantMessage {
  const { reasoning: _1, reasoning_content: _2, reasoning_details: _3, ...rest } = message
  return rest
}

function isEmpty({ content, tool_calls, refusal, audio, function_call }: AssistantMessage): boolean {
  const says = typeof content === 'string' ? content !== '' : content !== null && content !== undefined
  return !says && tool_calls === undefined && !refusal && !audio && !function_call
}
