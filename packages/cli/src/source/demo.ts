import type { ChatCompletionChunk, ChunkDelta, CompletionUsage } from '@deltawire/core'

/** One event of a recording, short enough to be written by hand. */
type Part =
  | { readonly delta: ChunkDelta; readonly index?: number; readonly finish?: string }
  | { readonly usage: CompletionUsage }
  | { readonly error: { message: string; type: string; param: string | null; code: string } }
  /** The connection breaks in the middle of this event. */
  | { readonly half: Part }
  | 'done'

/**
 * Recordings written by hand, so that every command can be tried without a key and without a network.
 *
 * Made when they are asked for: each start would pay for all of them.
 *
 * Each is what an official server would send, byte for byte, except the two that show how a stream breaks.
 */
const demos = {
  /** An answer of a few sentences. */
  text: () => [
    opened(),
    ...says('A chunk is a small piece of an answer. Each one carries a delta: the text that is new. '),
    ...says('Put together in order the deltas are the message, and the sum of chunks is itself a chunk.'),
    ...ended('stop', usage(14, 42)),
  ],

  /** Two calls at once, their arguments in pieces. */
  tools: () => [
    opened(null),
    ...calls(0, 'call_demo_oslo', 'get_weather', ['{"city":', '"Oslo",', '"unit":"celsius"}']),
    ...calls(1, 'call_demo_lima', 'get_weather', ['{"city":', '"Lima",', '"unit":"celsius"}']),
    ...ended('tool_calls', usage(61, 38)),
  ],

  /** Thoughts before the answer, as DeepSeek, Qwen and others send them. */
  reasoning: () => [
    opened(),
    ...thinks('Which is larger, 9.8 or 9.11? 9.11 looks longer, but 9.8 is 9.80, and 80 hundredths are more than 11.'),
    ...says('9.8 is larger than 9.11.'),
    ...ended('stop', usage(19, 43, 31)),
  ],

  /** Thoughts, text and a tool call: all of it in one answer. */
  tour: () => [
    opened(),
    ...thinks('They ask for the weather at the harbour. How it is there now I cannot know: I need the tool.'),
    ...says('Let me look at the harbour of **Bergen** 🌧️ for you. The station there reports every ten minutes.'),
    ...calls(0, 'call_demo_bergen', 'get_weather', [
      '{"place":',
      '"Bergen ',
      'harbour",',
      '"fields":["rain",',
      '"wind"]}',
    ]),
    ...ended('tool_calls', usage(87, 74, 29)),
  ],

  /** Two choices whose chunks take turns. */
  n2: () => [
    opened('', 0),
    opened('', 1),
    ...inTurns(says('Waves come in order, one after the other.', 0), says('Every wave brings a little of the sea.', 1)),
    { delta: {}, index: 0, finish: 'stop' },
    { delta: {}, index: 1, finish: 'stop' },
    { usage: usage(11, 22) },
    'done',
  ],

  /** The model declines. */
  refusal: () => [
    { delta: { role: 'assistant', content: null, refusal: '' } },
    ...words("I'm sorry, I can't help with that.").map((refusal) => ({ delta: { refusal } })),
    ...ended('stop', usage(16, 10)),
  ],

  /** Characters of two to four bytes, of several code points, from right to left, and cut through the middle. */
  utf8: () => [
    opened(),
    ...says('Grüße, 世界! שלום · नमस्ते · e\u0301 = é · '),
    // Servers that cut UTF-16 send pairs and families in pieces.
    ...['\uD83C', '\uDF0D ', '👩', '\u200D', '👧', ' · 𝒳 = \uD835', '\uDCB3'].map((content) => ({
      delta: { content },
    })),
    ...ended('stop', usage(9, 31)),
  ],

  /** The connection breaks in the middle of an event. */
  cut: () => [
    opened(),
    ...says('This answer was going to be longer, but the connection'),
    { half: { delta: { content: ' broke.' } } },
  ],

  /** The server fails after it has begun to answer. */
  error: () => [
    opened(),
    ...says('This answer was going well until'),
    {
      error: {
        message: 'The server is overloaded, try again later.',
        type: 'server_error',
        param: null,
        code: 'overloaded',
      },
    },
  ],
} satisfies Record<string, () => Part[]>

export type DemoName = keyof typeof demos

export const demoNames = Object.keys(demos) as DemoName[]

export function isDemoName(name: string): name is DemoName {
  return Object.hasOwn(demos, name)
}

/** The body that the server of this recording sent. */
export function demoBytes(name: DemoName): Uint8Array {
  return new TextEncoder().encode(
    demos[name]()
      .map((part) => encode(name, part))
      .join(''),
  )
}

function encode(name: DemoName, part: Part): string {
  if (part === 'done') return 'data: [DONE]\n\n'
  if ('half' in part) {
    const whole = encode(name, part.half)
    return whole.slice(0, whole.length / 2)
  }
  return `data: ${JSON.stringify('error' in part ? part : toChunk(name, part))}\n\n`
}

function toChunk(
  name: DemoName,
  part: Exclude<Part, 'done' | { half: Part } | { error: unknown }>,
): ChatCompletionChunk {
  const top = {
    id: `chatcmpl-demo-${name}`,
    object: 'chat.completion.chunk',
    created: 1_785_542_400,
    model: `demo:${name}`,
    system_fingerprint: 'fp_demo',
  } as const
  if ('usage' in part) return { ...top, choices: [], usage: part.usage }
  const { delta, index = 0, finish = null } = part
  return { ...top, choices: [{ index, delta, logprobs: null, finish_reason: finish }], usage: null }
}

function opened(content: string | null = '', index = 0): Part {
  return { delta: { role: 'assistant', content, refusal: null }, index }
}

function says(text: string, index = 0): Part[] {
  return words(text).map((content) => ({ delta: { content }, index }))
}

function thinks(text: string): Part[] {
  return words(text).map((reasoning_content) => ({ delta: { reasoning_content } }))
}

function calls(index: number, id: string, name: string, pieces: readonly string[]): Part[] {
  return [
    { delta: { tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] } },
    ...pieces.map((piece) => ({ delta: { tool_calls: [{ index, function: { arguments: piece } }] } })),
  ]
}

function ended(finish: string, used: CompletionUsage): Part[] {
  return [{ delta: {}, finish }, { usage: used }, 'done']
}

function usage(prompt: number, completion: number, reasoning = 0): CompletionUsage {
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoning },
  }
}

/** Cut as tokenizers do: a space belongs to the word that follows it. */
function words(text: string): string[] {
  return text.match(/\s*\S+|\s+$/g) ?? []
}

function inTurns(first: readonly Part[], second: readonly Part[]): Part[] {
  const length = Math.max(first.length, second.length)
  return Array.from({ length }, (_, at) => [first[at], second[at]].filter((part) => part !== undefined)).flat()
}
