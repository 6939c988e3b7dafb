import fc from 'fast-check'
import type { ChatCompletionChunk } from '../../src/index.ts'

/**
 * Arbitrary chunks, as a normalizer gives them and as a server may send them.
 *
 * Few different names and short texts on purpose: the laws are about what happens when things meet.
 */

type Obj = Record<string, unknown>
type Fields = { [name: string]: fc.Arbitrary<unknown> }

const absent = Symbol('absent')

const text = fc.constantFrom('', 'a', 'b', ' ', 'é', '👋', '\n', '{"a":', '"b"}')
const word = fc.constantFrom('x', 'y', 'z')
const count = fc.nat({ max: 2 })

/** Names of fields that no type knows, some with prose in them, some that an object has from its prototype. */
const extraName = fc.constantFrom(
  'provider',
  'stop_reason',
  'token_ids',
  'thinking',
  'thought_signature',
  'content_filter_results',
  'images',
  'constructor',
  'toString',
)

/** Any value of JSON, of a size that can be read in a failure. */
const { value: json } = fc.letrec<{ value: unknown; scalar: unknown; list: unknown; keyed: unknown; object: unknown }>(
  (tie) => ({
    value: fc.oneof({ depthSize: 'small', maxDepth: 2 }, tie('scalar'), tie('list'), tie('keyed'), tie('object')),
    scalar: fc.constantFrom(null, true, false, 0, 1, 2.5, '', 'a', 'b', 'é'),
    list: fc.array(tie('value'), { maxLength: 2 }),
    keyed: fc.array(keyedItem(tie('value')), { maxLength: 2 }),
    object: fc.dictionary(fc.oneof(extraName, word), tie('value'), { maxKeys: 2 }),
  }),
)

/** An item that names its place in a list, more or less. */
function keyedItem(value: fc.Arbitrary<unknown>): fc.Arbitrary<Obj> {
  return optional({
    index: fc.oneof(count, value),
    type: fc.constantFrom('text', 'image', null),
    id: fc.constantFrom('i', 'j', null),
    text,
    value,
  })
}

/** An object in which most fields are absent: few fields that meet often find more than many that seldom do. */
function optional(fields: Fields): fc.Arbitrary<Obj> {
  const sometimes = Object.entries(fields).map(([name, arbitrary]): [string, fc.Arbitrary<unknown>] => [
    name,
    fc.oneof({ arbitrary: fc.constant(absent), weight: 3 }, { arbitrary, weight: 2 }),
  ])
  return fc
    .record(Object.fromEntries(sometimes))
    .map((chosen) => Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== absent)))
}

/** The same object with a field of the provider's own beside. What is known wins. */
function withExtra(known: fc.Arbitrary<Obj>): fc.Arbitrary<Obj> {
  return merged(fc.dictionary(extraName, json, { maxKeys: 1 }), known)
}

function merged(...parts: fc.Arbitrary<Obj>[]): fc.Arbitrary<Obj> {
  return fc.tuple(...parts).map((objects): Obj => Object.assign({}, ...objects))
}

function orNull(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.option(value, { freq: 4, nil: null })
}

function orOdd(value: fc.Arbitrary<unknown>, ...odd: unknown[]): fc.Arbitrary<unknown> {
  return fc.oneof({ arbitrary: value, weight: 4 }, { arbitrary: fc.constantFrom(...odd), weight: 1 })
}

function listOf<T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.array(item, { minLength: 1, maxLength: 2 })
}

/** Whole objects among them: only a whole object ends a call's arguments. */
const argumentText = fc.oneof(text, fc.constantFrom('{}', '{"a":1}', '{'))

const functionDelta = withExtra(optional({ name: fc.constantFrom('f', 'get_f', ''), arguments: argumentText }))

const toolCall = withExtra(
  optional({
    id: fc.constantFrom('call_1', 'call_2', ''),
    type: fc.constantFrom('function', 'custom'),
    function: functionDelta,
    custom: withExtra(optional({ name: word, input: text })),
  }),
)

const toolCalls = fc.uniqueArray(merged(toolCall, fc.record({ index: count })), {
  minLength: 1,
  maxLength: 3,
  selector: ({ index }) => index,
})

const contentPart = fc.oneof(
  withExtra(fc.record({ type: fc.constant('text'), text })),
  fc.record({ type: fc.constant('reference'), reference_ids: listOf(count) }),
  fc.record({
    type: fc.constantFrom('thinking', 'reasoning'),
    thinking: listOf(fc.record({ type: fc.constant('text'), text })),
  }),
  fc.record({
    type: fc.constant('reasoning'),
    summary: listOf(fc.record({ type: fc.constantFrom('summary_text', 'other'), text })),
  }),
)

const reasoningDetail = withExtra(
  optional({
    type: fc.constantFrom('reasoning.text', 'reasoning.summary', 'reasoning.encrypted'),
    index: count,
    id: fc.constantFrom('r', 's', null),
    format: fc.constantFrom('f1', null),
    text: orNull(text),
    summary: orNull(text),
    data: word,
    signature: orNull(word),
  }),
)

const deltaFields: Fields = {
  role: fc.constantFrom('assistant', 'tool'),
  content: orNull(fc.oneof({ arbitrary: text, weight: 4 }, listOf(contentPart))),
  refusal: orNull(text),
  reasoning_content: orNull(text),
  reasoning: orNull(text),
  reasoning_details: orNull(listOf(reasoningDetail)),
  tool_calls: toolCalls,
  function_call: functionDelta,
  audio: orNull(
    withExtra(
      optional({
        id: word,
        data: fc.constantFrom('', 'YWJj', 'ZGVm'),
        transcript: text,
        expires_at: fc.constantFrom(1750000000, 1750000001),
      }),
    ),
  ),
  annotations: orNull(listOf(fc.record({ type: fc.constant('url_citation'), url_citation: fc.record({ url: word }) }))),
}

const delta = withExtra(optional(deltaFields))

const tokens = orNull(
  listOf(
    fc.record({
      token: word,
      logprob: fc.constantFrom(-0.5, -9999),
      bytes: orNull(listOf(count)),
      top_logprobs: fc.constant([]),
    }),
  ),
)

const logprobs = orNull(withExtra(fc.record({ content: tokens, refusal: tokens })))

const usage = withExtra(
  fc.record({
    prompt_tokens: count,
    completion_tokens: count,
    total_tokens: count,
    completion_tokens_details: orNull(optional({ reasoning_tokens: count, audio_tokens: count })),
  }),
)

const envelope: Fields = {
  usage: orNull(usage),
  service_tier: fc.constantFrom('default', 'flex', null),
  system_fingerprint: fc.constantFrom('fp_1', 'fp_2', ''),
  moderation: orNull(
    fc.record({ input: fc.record({ type: fc.constant('error'), code: word }), output: fc.constant(null) }),
  ),
}

const choice = withExtra(
  merged(
    fc.record({ index: count, delta, finish_reason: fc.constantFrom(null, null, 'stop', 'tool_calls', 'length') }),
    optional({ logprobs, whole_message: delta }),
  ),
)

/** A chunk in the official form, extended where a provider may extend it: what `normalize` gives. */
export const normalizedChunk = withExtra(
  merged(
    fc.record({
      id: fc.constantFrom('chatcmpl-1', 'chatcmpl-2', ''),
      object: fc.constant('chat.completion.chunk'),
      created: fc.constantFrom(0, 1750000000, 1750000001),
      model: fc.constantFrom('m', 'n', ''),
      choices: fc.uniqueArray(choice, { maxLength: 2, selector: ({ index }) => index }),
    }),
    optional(envelope),
  ),
  // Every field above is what its type says; the extras are what the types leave open.
) as unknown as fc.Arbitrary<ChatCompletionChunk>

export const normalizedChunks = fc.array(normalizedChunk, { minLength: 1, maxLength: 6 })

/** Every level of a chunk at which a provider may add a field, as the chunk that holds nothing but the field. */
const places: ((field: Obj) => Obj)[] = [
  (field) => field,
  (field) => ({ usage: field }),
  (field) => inChoice(field),
  (field) => inChoice({ logprobs: { content: null, refusal: null, ...field } }),
  (field) => inDelta(field),
  (field) => inDelta({ tool_calls: [{ index: 0, ...field }] }),
  (field) => inDelta({ tool_calls: [{ index: 0, function: field }] }),
  (field) => inDelta({ function_call: field }),
  (field) => inDelta({ audio: field }),
  (field) => inDelta({ content: [{ type: 'text', text: 'a', ...field }] }),
  (field) => inDelta({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'a', ...field }] }] }),
  (field) => inDelta({ reasoning_details: [{ index: 0, type: 'reasoning.text', ...field }] }),
  (field) => inDelta({ images: [{ index: 0, ...field }] }),
  (field) => inDelta({ images: { x: field } }),
]

export function inDelta(fields: Obj): Obj {
  return inChoice({ delta: fields })
}

function inChoice(fields: Obj): Obj {
  return { choices: [{ index: 0, delta: {}, finish_reason: null, ...fields }] }
}

/** One field at one place that changes its kind from chunk to chunk. */
export const changingField: fc.Arbitrary<ChatCompletionChunk[]> = fc
  .tuple(fc.constantFrom(...places), extraName, fc.array(json, { minLength: 3, maxLength: 4 }))
  .map(([put, name, values]) => values.map((value) => chunkWith(put({ [name]: value }))))

/** A chunk that holds little else than these fields, which are what its type says or what that leaves open. */
export function chunkWith(fields: Obj): ChatCompletionChunk {
  return { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], ...fields }
}

/** Calls as they have been met: without an index, with an odd one, twice the same, alone, or none at all. */
const rawFunctionCall = withExtra(
  optional({
    index: orOdd(count, null, '0', -1, 1.5, 7),
    id: orOdd(fc.constantFrom('call_1', 'call_2'), '', null),
    type: orOdd(fc.constant('function'), null),
    function: orOdd(functionDelta, null, { name: null, arguments: null }, { arguments: { a: 1 } }),
  }),
)

/** At an index of its own: a call that is now a function and now free text has not been met, and means nothing. */
const rawCustomCall = merged(
  fc.record({ index: fc.constant(9), type: fc.constant('custom') }),
  optional({ id: fc.constant('call_9'), custom: optional({ name: word, input: text }) }),
)

const rawToolCall = fc.oneof({ arbitrary: rawFunctionCall, weight: 5 }, rawCustomCall)
const rawToolCalls = orOdd(fc.oneof(listOf(rawToolCall), rawToolCall), null, [], 'none', [null, 3])

const rawDelta = withExtra(
  optional({
    ...deltaFields,
    role: orOdd(fc.constant('assistant'), '', null),
    content: orOdd(deltaFields['content'] ?? text, 7, [], ['a', null]),
    tool_calls: rawToolCalls,
    function_call: orOdd(functionDelta, null, 'f'),
    index: count,
  }),
)

const rawChoice = withExtra(
  merged(
    fc.record({ delta: orOdd(rawDelta, null, 'text', [], 7) }),
    optional({
      index: orOdd(count, null, '1', -1),
      finish_reason: orOdd(fc.constantFrom('stop', 'tool_calls'), null, '', 0),
      logprobs: orOdd(logprobs, -0.5, [], { content: [{ token: 'x' }] }),
      message: orOdd(rawDelta, null, 'text'),
      text,
      usage: orNull(usage),
    }),
  ),
)

const messageChoice = merged(
  fc.record({ message: rawDelta }),
  optional({ index: count, finish_reason: fc.constant('stop') }),
)

/** What a server might send for a chunk: the official form, and every departure from it that has been met. */
export const rawChunk = withExtra(
  merged(
    fc.record({
      choices: orOdd(listOf(fc.oneof({ arbitrary: rawChoice, weight: 6 }, messageChoice)), [], null, [null], 'none'),
    }),
    optional({
      ...envelope,
      id: fc.constantFrom<unknown[]>('chatcmpl-1', 'chatcmpl-2', '', null, 123),
      object: fc.constantFrom<unknown[]>('chat.completion.chunk', 'chat.completion', '', null),
      created: fc.constantFrom<unknown[]>(0, 1750000000, 1750000000.5, '1750000001', null, 'soon'),
      model: fc.constantFrom<unknown[]>('m', '', null, 5),
      usage: orOdd(orNull(usage), {}, 'none', 0),
      obfuscation: word,
      x_groq: optional({ id: word, usage }),
    }),
  ),
)

export const rawChunks = fc.array(rawChunk, { minLength: 1, maxLength: 6 })

/** Where a list is cut into groups of neighbours; see {@link grouped}. */
export const cuts = fc.array(fc.boolean(), { minLength: 1, maxLength: 6 })

/** The neighbours of a list in groups, none empty. Beside the list rather than made of it, so that both shrink. */
export function grouped<T>(items: readonly T[], cutBefore: readonly boolean[]): T[][] {
  const groups: T[][] = []
  for (const [at, item] of items.entries()) {
    const last = groups.at(-1)
    if (last === undefined || cutBefore[at % cutBefore.length] === true) groups.push([item])
    else last.push(item)
  }
  return groups
}
