import { asText, isObject, isText, objectsIn, remember, type Json } from './json.ts'
import { readToolCall, type OpenCall, type PlainToolCall } from './tool-calls.ts'

export interface PlainChoice {
  index: number
  role: string | undefined
  text: string
  refusal: string
  /** Of the field that the provider uses for it; see {@link PlainChoice.reasonings}. */
  reasoning: string
  /** The same thoughts under every name they were sent: providers often use two. */
  reasonings: { reasoning_content: string; reasoning: string; reasoning_details: string; content: string }
  toolCalls: PlainToolCall[]
  functionCall: { name: string; arguments: string } | undefined
  audio: PlainAudio | undefined
  /** How many tokens came with a probability. */
  logprobs: number
  finishReason: string | null
  finishReasons: string[]
}

export interface PlainAudio {
  id: string
  /** The sound itself, whatever way its base64 was cut. */
  data: Uint8Array
  transcript: string
}

/** One choice of the answer, from its deltas. */
export interface ChoiceReader {
  read(choice: Json): void
  end(): PlainChoice
}

export function createChoiceReader(index: number): ChoiceReader {
  const choice: PlainChoice = {
    index,
    role: undefined,
    text: '',
    refusal: '',
    reasoning: '',
    reasonings: { reasoning_content: '', reasoning: '', reasoning_details: '', content: '' },
    toolCalls: [],
    functionCall: undefined,
    audio: undefined,
    logprobs: 0,
    finishReason: null,
    finishReasons: [],
  }
  let calls: OpenCall[] = []
  const audio = { id: '', data: [] as Uint8Array[], transcript: '', hasExpiry: false, came: false }

  function readMessage(message: Json) {
    if (isText(message.role)) choice.role ??= message.role
    readContent(message.content)
    choice.refusal += asText(message.refusal)
    choice.reasonings.reasoning_content += asText(message.reasoning_content)
    choice.reasonings.reasoning += asText(message.reasoning)
    for (const detail of objectsIn(message.reasoning_details)) {
      choice.reasonings.reasoning_details += asText(detail.text) + asText(detail.summary)
    }
    if (isObject(message.function_call)) {
      choice.functionCall ??= { name: '', arguments: '' }
      choice.functionCall.name ||= asText(message.function_call.name)
      choice.functionCall.arguments += asText(message.function_call.arguments)
    }
    if (isObject(message.audio)) {
      audio.came = true
      audio.id ||= asText(message.audio.id)
      audio.data.push(Buffer.from(asText(message.audio.data), 'base64'))
      audio.transcript += asText(message.audio.transcript)
      audio.hasExpiry ||= typeof message.audio.expires_at === 'number'
    }
    const entries = isObject(message.tool_calls) ? [message.tool_calls] : objectsIn(message.tool_calls)
    for (const entry of entries) readToolCall(calls, entry)
  }

  function readContent(content: unknown) {
    choice.text += asText(content)
    for (const part of objectsIn(content)) {
      if (part.type === 'text') choice.text += asText(part.text)
      for (const thought of [...objectsIn(part.thinking), ...objectsIn(part.summary)]) {
        choice.reasonings.content += asText(thought.text)
      }
    }
  }

  return {
    read({ delta, message, finish_reason, logprobs }) {
      if (isObject(delta)) {
        readMessage(delta)
      } else if (isObject(message)) {
        // A message in place of a delta is the whole answer: what it holds replaces what was collected.
        if (message.content !== undefined && message.content !== null) choice.text = choice.reasonings.content = ''
        if (isText(message.refusal)) choice.refusal = ''
        if (isText(message.reasoning_content)) choice.reasonings.reasoning_content = ''
        if (isText(message.reasoning)) choice.reasonings.reasoning = ''
        if (objectsIn(message.reasoning_details).length > 0) choice.reasonings.reasoning_details = ''
        if (objectsIn(message.tool_calls).length > 0) calls = []
        readMessage(message)
      }
      if (isObject(logprobs)) choice.logprobs += objectsIn(logprobs.content).length
      if (isText(finish_reason)) {
        choice.finishReason = finish_reason
        remember(choice.finishReasons, finish_reason)
      }
    },
    end() {
      if (audio.came) {
        choice.audio = { id: audio.id, data: Buffer.concat(audio.data), transcript: audio.transcript }
        // An audio stream ends with its expiry and often without a reason (openai-node reads it the same way).
        if (audio.hasExpiry) choice.finishReason ??= 'stop'
      }
      const { reasoning_content, reasoning, reasoning_details, content } = choice.reasonings
      choice.reasoning = reasoning_content || reasoning || reasoning_details || content
      const ordered = calls.every((call) => call.index !== undefined)
        ? calls.toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0))
        : calls
      choice.toolCalls = ordered.map((call) => ({ id: call.id, name: call.name, arguments: call.arguments }))
      return choice
    },
  }
}
