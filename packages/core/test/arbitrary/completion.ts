import fc from 'fast-check'
import type { ChatCompletion } from '../../src/completion.ts'

/**
 * Arbitrary completions, as `toChatCompletion` gives them: everything the types name, and what providers add.
 *
 * Left out is what no stream can say: an own `index` of a tool call, and two items with equal `index`, `type` and `id` in
 * one list.
 */

type Obj = Record<string, unknown>
type Fields = { [name: string]: fc.Arbitrary<unknown> }

/** Mostly ordinary text; also whatever a cut could damage. */
const text = fc
  .array(
    fc.constantFrom(
      'word',
      ' ',
      '\n',
      '',
      '  ',
      'é',
      '字',
      '漢字かな',
      '👋',
      '👩‍🚀',
      '\uD83D',
      '\uDE00',
      '"',
      '\\',
      '\u2028',
      '\0',
    ),
    {
      maxLength: 6,
    },
  )
  .map((pieces) => pieces.join(''))

const argumentsText = fc.oneof(
  fc.constantFrom('{}', '', '{"city":"Oslo"}', '{"city": "Pa', '{"a":[1,2,{"b":"\\u00e9\\n"}]}', 'not JSON'),
  text,
)

const base64 = fc.constantFrom('', 'YQ==', 'YWI=', 'YWJj', 'YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo=', 'YWJjZ')

/** Any value of JSON, of a size that can be read in a failure. */
const { value: json } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 2 },
    fc.constantFrom(null, true, false, 0, 1, -2.5, '', 'a', 'é 字'),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'text', 'type', 'id', 'constructor'), tie('value'), {
      maxKeys: 2,
      noNullPrototype: true,
    }),
  ),
}))

/** Names that no type knows, some with prose in them, some that an object has from its prototype. */
const extraName = fc.constantFrom(
  'x_groq',
  'stop_reason',
  'thinking',
  'thought_signature',
  'constructor',
  'toString',
  'valueOf',
)

const images = fc.constantFrom<Obj[]>(
  [],
  [{ index: 0, type: 'image_url', image_url: { url: 'data:,a' } }],
  [
    { index: 0, type: 'image_url', image_url: { url: 'data:,a' } },
    { index: 1, type: 'image_url', image_url: { url: 'data:,b' } },
  ],
)

/** An object with all required and some optional fields, and sometimes one that a provider has added. */
function record(required: Fields, optional: Fields = {}): fc.Arbitrary<Obj> {
  const known = fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required) })
  return fc
    .tuple(fc.dictionary(extraName, json, { maxKeys: 1 }), known)
    .map(([extra, fields]) => ({ ...extra, ...fields }))
}

const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 3, nil: null })

const contentParts = fc.array(
  fc.oneof(
    record({ type: fc.constant('text'), text }),
    record({
      type: fc.constant('thinking'),
      thinking: fc.array(record({ type: fc.constant('text'), text }), { maxLength: 2 }),
    }),
    record({ type: fc.constant('reference'), reference_ids: fc.array(fc.nat(9), { maxLength: 2 }) }),
  ),
  { maxLength: 3 },
)

const functionCall = record({ name: fc.constantFrom('get_weather', 'f', ''), arguments: argumentsText })

const toolCall = fc.oneof(
  record({ id: fc.constantFrom('call_1', 'call_2', ''), type: fc.constant('function'), function: functionCall }),
  record({
    id: fc.constantFrom('call_3', ''),
    type: fc.constant('custom'),
    custom: record({ name: fc.constantFrom('shell', ''), input: text }),
  }),
)

const audio = record({
  id: fc.constant('audio_1'),
  data: base64,
  transcript: text,
  expires_at: fc.constant(1_750_000_000),
})

const annotation = record({
  type: fc.constant('url_citation'),
  url_citation: fc.record({ start_index: fc.nat(9), end_index: fc.nat(9), url: fc.webUrl(), title: text }),
})

const reasoningDetails = fc.uniqueArray(
  record(
    { type: fc.constantFrom('reasoning.text', 'reasoning.summary', 'reasoning.encrypted') },
    {
      index: fc.nat(2),
      id: orNull(fc.constantFrom('r', 's')),
      text: orNull(text),
      data: text,
      signature: orNull(text),
    },
  ),
  { maxLength: 3, selector: ({ index, type, id }) => JSON.stringify([index, type, id ?? null]) },
)

const message = record(
  {
    role: fc.constant('assistant'),
    content: orNull(fc.oneof({ arbitrary: text, weight: 4 }, contentParts)),
    refusal: orNull(text),
  },
  {
    tool_calls: fc.array(toolCall, { maxLength: 3 }),
    function_call: functionCall,
    annotations: fc.array(annotation, { maxLength: 2 }),
    audio: orNull(audio),
    reasoning_content: orNull(text),
    reasoning: orNull(text),
    reasoning_details: orNull(reasoningDetails),
    images,
  },
)

const tokens = orNull(
  fc.array(
    record({
      token: text,
      logprob: fc.constantFrom(-0.5, -9999),
      bytes: orNull(fc.array(fc.nat(255), { maxLength: 2 })),
      top_logprobs: fc.constant([]),
    }),
    { maxLength: 2 },
  ),
)

/** The fields of a choice but for its index. */
const choice = record(
  {
    message,
    finish_reason: fc.constantFrom('stop', 'length', 'tool_calls', 'content_filter', 'eos', null),
    logprobs: orNull(record({ content: tokens, refusal: tokens })),
  },
  { content_filter_results: json, token_ids: fc.array(fc.nat(9), { maxLength: 3 }) },
)

const choices = fc
  .tuple(fc.array(choice, { minLength: 1, maxLength: 3 }), fc.constantFrom([0, 1, 2], [0, 2, 5]))
  .map(([fields, indexes]) => fields.map((each, at) => ({ index: indexes[at], ...each })))

const usage = record(
  { prompt_tokens: fc.nat(), completion_tokens: fc.nat(), total_tokens: fc.nat() },
  {
    prompt_tokens_details: orNull(fc.record({ cached_tokens: fc.nat() })),
    completion_tokens_details: record({ reasoning_tokens: fc.nat() }),
  },
)

const moderation = fc.record({
  input: fc.record({ type: fc.constant('error'), code: text, message: text }),
  output: record({ type: fc.constant('moderation_results'), model: text, results: fc.constant([]) }),
})

/** A finished answer, or the part of one that a broken stream has left. */
export const completion = record(
  {
    id: fc.constantFrom('chatcmpl-1', ''),
    object: fc.constant('chat.completion'),
    created: fc.constantFrom(0, 1_750_000_000),
    model: fc.constantFrom('gpt-4o', ''),
    choices,
  },
  {
    usage,
    service_tier: orNull(fc.constantFrom('default', 'on_demand')),
    system_fingerprint: orNull(fc.constantFrom('fp_1', '')),
    moderation: orNull(moderation),
    citations: fc.array(fc.webUrl(), { maxLength: 2 }),
  },
  // Through JSON, so that it is made of the same objects as one that was received. Every field above is what its type
  // says; the extras are what the types leave open.
).map((value) => JSON.parse(JSON.stringify(value)) as ChatCompletion)
