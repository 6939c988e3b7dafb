import type {
  ChatCompletionChunk,
  ChunkChoice,
  ChunkDelta,
  CustomDelta,
  FunctionDelta,
  ToolCallDelta,
} from '../chunk.ts'
import type { ChatCompletion, ChatCompletionChoice, ChatCompletionMessage, ToolCall } from '../completion.ts'
import { copy } from '../merge/extras.ts'
import { mergeDelta } from '../merge/merge-chunk.ts'
import { inOrder } from './in-order.ts'

/**
 * The finished answer that a sum of chunks stands for: what the same provider would have sent without streaming.
 *
 * Works at any time, also on the sum of a broken stream: a choice that never ended has `finish_reason: null`. Fills in
 * the keys that a completion must have (`role: 'assistant'`, `content`, `refusal` and `logprobs` as `null`) and invents
 * nothing else: `stop` stays `stop` beside tool calls, and broken arguments stay broken. The result shares nothing with
 * the sum, which may go on growing. Never throws.
 */
export function toChatCompletion(sum: ChatCompletionChunk): ChatCompletion {
  const { id, created, model, choices, usage, object: _object, ...rest } = copy(sum)
  return {
    id,
    object: 'chat.completion',
    created,
    model,
    choices: inOrder(choices).map(toChoice),
    ...(usage && { usage }),
    ...rest,
  }
}

function toChoice(choice: ChunkChoice): ChatCompletionChoice {
  const { index, delta, finish_reason, logprobs, whole_message, ...rest } = choice
  return {
    index,
    message: toMessage(whole_message ? mergeDelta(whole_message, delta) : delta),
    logprobs: logprobs ? { ...logprobs, content: logprobs.content ?? null, refusal: logprobs.refusal ?? null } : null,
    finish_reason: finish_reason || null,
    ...rest,
  }
}

function toMessage(delta: ChunkDelta): ChatCompletionMessage {
  const { role, content, refusal, tool_calls, function_call, audio, annotations, ...rest } = delta
  return {
    // An answer is the assistant's; a provider that says otherwise is kept as it came.
    role: (role || 'assistant') as 'assistant',
    content: content ?? null,
    refusal: refusal ?? null,
    ...(tool_calls && { tool_calls: inOrder(tool_calls).map(toToolCall) }),
    ...(function_call && { function_call: withText(function_call, 'arguments') }),
    ...(annotations && { annotations }),
    ...(audio !== undefined && { audio: audio as NonNullable<ChatCompletionMessage['audio']> | null }),
    ...rest,
  }
}

function toToolCall(call: ToolCallDelta): ToolCall {
  const { index: _index, id = '', type, function: fn, custom, ...rest } = call
  if (type === 'custom' || (custom && !fn)) return { id, type: 'custom', custom: withText(custom, 'input'), ...rest }
  // A type that nobody has specified keeps its name; its fields are among the extras.
  return {
    id,
    type: (type || 'function') as 'function',
    ...((fn || !type || type === 'function') && { function: withText(fn, 'arguments') }),
    ...rest,
  } as ToolCall
}

/** What is called, with the name and the text that it must have. */
function withText(called: FunctionDelta & CustomDelta = {}, key: 'arguments' | 'input') {
  const { name, [key]: text } = called
  return { ...called, name: name ?? '', [key]: text ?? '' } as Required<FunctionDelta & CustomDelta>
}
