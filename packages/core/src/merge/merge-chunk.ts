import type {
  AudioDelta,
  ChatCompletionChunk,
  ChunkChoice,
  ChunkDelta,
  ChunkLogprobs,
  CustomDelta,
  FunctionDelta,
  ToolCallDelta,
} from '../chunk.ts'
import { content } from './content.ts'
import { callExtra, choiceExtra, copy, deltaExtra, topLevelExtra } from './extras.ts'
import { append, byIndex, concat, fields, keep, latest, replace, type Rule } from './rules.ts'

const functionDelta = /* @__PURE__ */ fields<FunctionDelta>({ name: latest, arguments: append }, callExtra)
const customDelta = /* @__PURE__ */ fields<CustomDelta>({ name: latest, input: append }, callExtra)

const toolCallDelta = /* @__PURE__ */ fields<ToolCallDelta>(
  { index: keep, id: keep, type: keep, function: functionDelta, custom: customDelta },
  callExtra,
)

const audioDelta = /* @__PURE__ */ fields<AudioDelta>(
  { id: keep, data: append, transcript: append, expires_at: replace },
  deltaExtra,
)

/** The rule of a partial message. */
export const mergeDelta: Rule<ChunkDelta> = /* @__PURE__ */ fields<
  ChunkDelta,
  'refusal' | 'reasoning_content' | 'reasoning' | 'reasoning_details' | 'annotations'
>(
  {
    role: keep,
    content,
    tool_calls: /* @__PURE__ */ byIndex(toolCallDelta),
    function_call: functionDelta,
    audio: audioDelta,
  },
  deltaExtra,
)

/** A whole message says all of a field: what an earlier message said of it is gone. */
const wholeMessage: Rule<ChunkDelta> = (have, next) => {
  const sum: Record<string, unknown> = { ...have }
  for (const [key, value] of Object.entries(next)) if (value !== null && key !== '__proto__') sum[key] = copy(value)
  return sum
}

const choiceFields = /* @__PURE__ */ fields<ChunkChoice>(
  {
    index: keep,
    delta: mergeDelta,
    finish_reason: latest,
    logprobs: /* @__PURE__ */ fields<ChunkLogprobs>({ content: concat, refusal: concat }, deltaExtra),
    whole_message: wholeMessage,
  },
  choiceExtra,
)

const chunkChoice: Rule<ChunkChoice> = (have, next) => {
  if (have !== undefined && next.whole_message !== undefined) {
    const collected = have.delta as Record<string, unknown>
    for (const [key, value] of Object.entries(next.whole_message)) if (value !== null) delete collected[key]
  }
  return choiceFields(have, next)
}

/**
 * Adds `next` to `sum`, which grows in place; `next` is only read. The sum of chunks is a chunk.
 *
 * Merging is associative: chunks may be summed anywhere on their way, in any grouping, and the answer is the same.
 * That makes the sum the snapshot for a late reader, the backlog of a slow one and the compacted history. It holds for
 * normalized chunks (what `decodeChunks` and `readChunks` give); `null`, absent and `''` identity never erase anything.
 *
 * @param sum what this function returned before, or `undefined` to begin
 */
export const mergeChunk: (sum: ChatCompletionChunk | undefined, next: ChatCompletionChunk) => ChatCompletionChunk =
  /* @__PURE__ */ fields<ChatCompletionChunk, 'usage'>(
    {
      id: keep,
      object: keep,
      created: keep,
      model: keep,
      choices: /* @__PURE__ */ byIndex(chunkChoice),
      service_tier: latest,
      system_fingerprint: latest,
      moderation: replace,
    },
    topLevelExtra,
  )
