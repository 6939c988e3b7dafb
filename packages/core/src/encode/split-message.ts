import type { ChunkDelta } from '../chunk.ts'
import type { ChatCompletionMessage } from '../completion.ts'
import { isObject } from '../is-object.ts'
import { cutBase64, type Cut } from './cut-text.ts'
import { omit, pick } from '../pick.ts'

/** The parts in which a value is sent. The first opens it, the others add to it. */
type Parts = (value: unknown, cut: Cut) => Iterable<unknown>

const whole: Parts = (value) => [value]

function* text(value: unknown, cut: Cut): Iterable<unknown> {
  if (typeof value === 'string') {
    yield ''
    yield* cut(value)
  } else {
    yield value
  }
}

const base64: Parts = (value, cut) => text(value, cutBase64(cut))

/** An object opens with all its fields; what was only opened there follows field by field. */
function object(rules: { readonly [key: string]: Parts }): Parts {
  return function* (value, cut) {
    if (!isObject(value)) {
      yield value
      return
    }
    const fields = Object.entries(value).map(([key, field]): [string, Iterator<unknown>] => {
      const rule = Object.hasOwn(rules, key) ? rules[key] : undefined
      return [key, (rule ?? whole)(field, cut)[Symbol.iterator]()]
    })
    yield Object.fromEntries(fields.map(([key, parts]) => [key, parts.next().value]))
    for (const [key, parts] of fields) {
      for (let part = parts.next(); part.done !== true; part = parts.next()) yield { [key]: part.value }
    }
  }
}

const functionCall = object({ arguments: text })
const customCall = object({ input: text })
const toolCall = object({ function: functionCall, custom: customCall })

/** One call after the other, as official servers do. */
function* toolCalls(calls: unknown, cut: Cut): Iterable<unknown> {
  if (!Array.isArray(calls) || calls.length === 0) {
    yield calls
    return
  }
  for (const [index, call] of calls.entries()) {
    for (const part of toolCall(call, cut)) yield [{ index, ...(part as object) }]
  }
}

const openAudio = object({ data: base64, transcript: text })

/** Official servers tell last how long the audio can be referred to. */
function* audio(value: unknown, cut: Cut): Iterable<unknown> {
  if (!isObject(value)) {
    yield value
    return
  }
  const { expires_at, ...fields } = value
  yield* openAudio(fields, cut)
  if (expires_at !== undefined) yield { expires_at }
}

/** The fields of the first delta; their texts follow it in this order. */
const opening = {
  role: whole,
  reasoning_details: whole,
  reasoning_content: text,
  reasoning: text,
  content: text,
  refusal: text,
} satisfies { readonly [K in keyof ChatCompletionMessage]?: Parts }

/** The fields of the deltas after those, in this order. What no table names comes whole in a last one. */
const following: { readonly [K in Exclude<keyof ChatCompletionMessage, keyof typeof opening>]: Parts } = {
  tool_calls: toolCalls,
  function_call: functionCall,
  audio,
  annotations: whole,
}

const openingDeltas = object(opening)
const openingKeys = Object.keys(opening)

/** The deltas that merge to a message, in the official order. */
export function* splitMessage(message: ChatCompletionMessage, cut: Cut): Generator<ChunkDelta, void, undefined> {
  // What stands under a key is a part of what the message has there.
  yield* openingDeltas(pick(message, openingKeys), cut) as Iterable<ChunkDelta>
  const later = omit(message, openingKeys)
  for (const [key, parts] of Object.entries(following)) {
    if (Object.hasOwn(later, key)) for (const part of parts(later[key], cut)) yield { [key]: part }
  }
  const extras = omit(later, Object.keys(following))
  if (Object.keys(extras).length > 0) yield extras
}
