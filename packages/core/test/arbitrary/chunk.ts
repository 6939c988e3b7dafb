import fc from 'fast-check'
import type { ChatCompletionChunk } from '../../src/index.ts'

/**
 * Arbitrary chunks, as a normalizer gives them and as a server may send them.
 *
 * Few different names and short texts on purpose: the laws are about what happens when things meet.
 */

type Obj = Record<string, unknown>

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
const { value: json } = fc.letrec<{ value: unknown; scalar: unknown; list: unknown[]; keyed: Obj[]; object: Obj }>(
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

/** An object in which most fields are absent: few fields that meet often find more than many that never do. */
function optional<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  const sometimes = Object.fromEntries(
    Object.entries<fc.Arbitrary<unknown>>(fields).map(([name, arbitrary]) => [
      name,
      fc.oneof({ arbitrary: fc.constant(absent), weight: 3 }, { arbitrary, weight: 2 }),
    ]),
  )
  return fc.record(sometimes).map(withoutAbsent) as fc.Arbitrary<Partial<T>>
}

const absent = Symbol('absent')

function withoutAbsent(fields: Obj): Obj {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== absent))
}

/** The same object with fields of the provider's own beside. What is known wins. */
function withExtras<T>(known: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc
    .tuple(fc.dictionary(extraName, json, { maxKeys: 1 }), known)
    .map(([extras, fields]) => ({ ...extras, ...fields }))
}

function orNull<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.option(value, { freq: 4, nil: null })
}

function listOf<T>(item: fc.Arbitrary<T>, maxLength = 2): fc.Arbitrary<T[]> {
  return fc.array(item, { minLength: 1, maxLength })
}

const functionDelta = withExtras(optional({ name: fc.constantFrom('f', 'get_f', ''), arguments: text }))

const toolCall = (indexes: fc.Arbitrary<unknown>) =>
  fc
    .tuple(
      indexes,
      withExtras(
        optional({
          id: fc.constantFrom('call_1', 'call_2', ''),
          type: fc.constantFrom('function', 'custom'),
          function: functionDelta,
          custom: withExtras(optional({ name: word, input: text })),
        }),
      ),
    )
    .map(([index, call]): Obj => (index === undefined ? call : { ...call, index }))

const contentPart = fc.oneof(
  withExtras(fc.record({ type: fc.constant('text'), text })),
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

const reasoningDetail = withExtras(
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

const delta = (toolCalls: fc.Arbitrary<unknown>) =>
  withExtras(
    optional({
      role: fc.constantFrom('assistant', 'tool'),
      content: orNull(fc.oneof({ arbitrary: text, weight: 4 }, listOf(contentPart))),
      refusal: orNull(text),
      reasoning_content: orNull(text),
      reasoning: orNull(text),
      reasoning_details: orNull(listOf(reasoningDetail)),
      tool_calls: toolCalls,
      function_call: functionDelta,
      audio: orNull(
        withExtras(
          optional({
            id: word,
            data: fc.constantFrom('', 'YWJj', 'ZGVm'),
            transcript: text,
            expires_at: fc.constantFrom(1750000000, 1750000001),
          }),
        ),
      ),
      annotations: orNull(
        listOf(fc.record({ type: fc.constant('url_citation'), url_citation: fc.record({ url: word }) })),
      ),
    }),
  )

const tokenLogprob = fc.record({
  token: word,
  logprob: fc.constantFrom(-0.5, -9999),
  bytes: orNull(listOf(count)),
  top_logprobs: fc.constant([]),
})

const logprobs = orNull(
  withExtras(fc.record({ content: orNull(listOf(tokenLogprob)), refusal: orNull(listOf(tokenLogprob)) })),
)

const usage = withExtras(
  fc.record({
    prompt_tokens: count,
    completion_tokens: count,
    total_tokens: count,
    completion_tokens_details: orNull(optional({ reasoning_tokens: count, audio_tokens: count })),
  }),
)

const envelope = {
  usage: orNull(usage),
  service_tier: fc.constantFrom('default', 'flex', null),
  system_fingerprint: fc.constantFrom('fp_1', 'fp_2', ''),
  moderation: orNull(
    fc.record({
      input: fc.record({ type: fc.constant('error'), code: word, message: text }),
      output: fc.constant(null),
    }),
  ),
}

const calls = fc.uniqueArray(toolCall(count), { minLength: 1, maxLength: 3, selector: ({ index }) => index })

const choice = withExtras(
  fc
    .tuple(
      fc.record({
        index: count,
        delta: delta(calls),
        finish_reason: fc.constantFrom(null, null, 'stop', 'tool_calls', 'length'),
      }),
      optional({ logprobs, message: delta(calls) }),
    )
    .map(([always, sometimes]) => ({ ...always, ...sometimes })),
)

/** A chunk in the official form, extended where a provider may extend it: what `normalize` gives. */
export const normalizedChunk: fc.Arbitrary<ChatCompletionChunk> = withExtras(
  fc
    .tuple(
      fc.record({
        id: fc.constantFrom('chatcmpl-1', 'chatcmpl-2', ''),
        object: fc.constant('chat.completion.chunk'),
        created: fc.constantFrom(0, 1750000000, 1750000001),
        model: fc.constantFrom('m', 'n', ''),
        choices: fc.uniqueArray(choice, { maxLength: 2, selector: ({ index }) => index }),
      }),
      optional(envelope),
    )
    .map(([always, sometimes]) => ({ ...always, ...sometimes })),
  // The extras make it wider than its type; that they may be there is the type's own documentation.
) as unknown as fc.Arbitrary<ChatCompletionChunk>

export const normalizedChunks: fc.Arbitrary<ChatCompletionChunk[]> = fc.array(normalizedChunk, {
  minLength: 1,
  maxLength: 8,
})

const oddIndex = fc.oneof(count, fc.constantFrom(undefined, undefined, null, '0', -1, 1.5, 7))

const rawCalls = fc.oneof(
  listOf(toolCall(oddIndex)),
  toolCall(oddIndex),
  fc.constantFrom<unknown[]>(null, [], 'none', [null, 3]),
)

const rawDelta = fc.oneof(
  { arbitrary: delta(rawCalls), weight: 8 },
  { arbitrary: fc.constantFrom<unknown[]>(null, undefined, 'text', [], 7), weight: 2 },
)

const rawChoice = withExtras(
  withDelta({
    index: fc.oneof(count, fc.constantFrom(null, '1', -1)),
    finish_reason: fc.constantFrom<unknown[]>(null, null, 'stop', '', 'tool_calls', 0),
    logprobs: fc.oneof(logprobs, fc.constantFrom<unknown[]>(-0.5, [], { content: [{ token: 'x' }] })),
    message: fc.oneof(delta(rawCalls), fc.constantFrom<unknown[]>(null, 'text')),
    text,
    usage: orNull(usage),
  }),
)

function withDelta(fields: { [name: string]: fc.Arbitrary<unknown> }): fc.Arbitrary<Obj> {
  return fc.tuple(optional(fields), rawDelta).map(([others, value]) => (value === undefined ? others : { ...others, delta: value }))
}

/** What a server might send for a chunk: the official form, and every departure from it that has been met. */
export const rawChunk: fc.Arbitrary<Obj> = withExtras(
  optional({
    id: fc.constantFrom<unknown[]>('chatcmpl-1', 'chatcmpl-2', '', null, 123),
    object: fc.constantFrom<unknown[]>('chat.completion.chunk', 'chat.completion', '', null),
    created: fc.constantFrom<unknown[]>(0, 1750000000, 1750000000.5, '1750000001', null, 'soon'),
    model: fc.constantFrom<unknown[]>('m', '', null, 5),
    choices: fc.oneof(
      { arbitrary: listOf(rawChoice), weight: 6 },
      fc.constantFrom<unknown[]>([], null, [null], 'none'),
    ),
    obfuscation: word,
    x_groq: optional({ id: word, usage }),
    ...envelope,
    usage: fc.oneof(envelope.usage, fc.constantFrom<unknown[]>({}, 'none', 0)),
  }),
)

export const rawChunks: fc.Arbitrary<Obj[]> = fc.array(rawChunk, { minLength: 1, maxLength: 6 })

/** The neighbours of a list in groups, none empty. */
export function groupsOf<T>(items: readonly T[]): fc.Arbitrary<T[][]> {
  return fc.array(fc.boolean(), { minLength: items.length, maxLength: items.length }).map((cuts) => {
    const groups: T[][] = []
    for (const [at, item] of items.entries()) {
      const last = groups.at(-1)
      if (last === undefined || cuts[at] === true) groups.push([item])
      else last.push(item)
    }
    return groups
  })
}
