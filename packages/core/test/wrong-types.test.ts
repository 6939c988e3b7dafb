import { describe, expect, it } from 'vitest'
import {
  type ChatCompletionChunk,
  createAccumulator,
  createFanOut,
  mergeChunk,
  readParts,
  reasoningOf,
  textOf,
  toChatCompletion,
  toolCallsOf,
} from '../src/index.ts'
import { normalized, overTheWire } from './raw.ts'

type Obj = Record<string, unknown>
type Path = (number | string)[]

/** What may stand in the place of any field. */
const values = [null, true, 0, -1, 1.5, '', 'x', [], {}, [null], [[]], { a: 1 }, 2 ** 53, [{ index: 0 }]]

const delta = {
  role: 'assistant',
  content: 'Hi',
  refusal: 'no',
  reasoning_content: 'r',
  reasoning: 'r',
  reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'r', signature: 's' }],
  tool_calls: [
    { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{"a":1}' }, extra_content: { g: 1 } },
    { index: 1, id: 'b', type: 'custom', custom: { name: 'c', input: 'x' } },
  ],
  function_call: { name: 'f', arguments: '{}' },
  audio: { id: 'au', data: 'YWJj', transcript: 't', expires_at: 1 },
  annotations: [{ type: 'url_citation', url_citation: { start_index: 0, end_index: 1, url: 'u', title: 't' } }],
  images: [{ type: 'image_url', index: 0, image_url: { url: 'u' } }],
}
const token = { token: 'a', logprob: -1, bytes: [1], top_logprobs: [{ token: 'a', logprob: -1, bytes: [1] }] }
const choice = {
  index: 0,
  finish_reason: null,
  text: 't',
  usage: { total_tokens: 1 },
  logprobs: { content: [token], refusal: null },
  delta,
}
const full = {
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  service_tier: 'default',
  system_fingerprint: 'fp',
  obfuscation: 'x',
  moderation: { input: { type: 'error', code: 'c', message: 'm' }, output: null },
  usage: {
    prompt_tokens: 1,
    completion_tokens: 1,
    total_tokens: 2,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  },
  x_groq: { usage: { total_tokens: 2 } },
  citations: ['u'],
  choices: [choice],
}

const parts = [
  { type: 'text', text: 'a' },
  { type: 'thinking', thinking: [{ type: 'text', text: 'x' }] },
]
const whole = { ...full, choices: [{ index: 0, finish_reason: 'stop', message: delta }] }

/** Chunks, and where in them anything may stand. */
const chunks: { kind: string; chunk: Obj; within: Path }[] = [
  { kind: 'a chunk', chunk: full, within: [] },
  {
    kind: 'parts',
    chunk: with_(full, ['choices', 0, 'delta', 'content'], parts),
    within: ['choices', 0, 'delta', 'content'],
  },
  { kind: 'a whole message', chunk: whole, within: ['choices', 0, 'message'] },
]

describe.each(chunks)('whatever stands in the place of a field of $kind', ({ chunk, within }) => {
  const paths = pathsOf(chunk).filter((path) => path.join('.').startsWith(within.join('.')))
  const broken = paths.flatMap((path) => values.map((value) => ({ path, value, raw: with_(chunk, path, value) })))

  it.each<[string, (raw: Obj) => Obj[]]>([
    ['first', (raw) => [raw, chunk]],
    ['later', (raw) => [chunk, raw]],
  ])('and comes %s, there is an answer, and every reader reads it', (_, stream) => {
    expect(broken.length).toBeGreaterThan(100)
    for (const { path, value, raw } of broken) {
      const sent = stream(raw)
      const before = JSON.stringify(sent)
      try {
        check(normalized(sent))
        must(JSON.stringify(sent) === before, 'what was sent is only read')
      } catch (error) {
        throw new Error(`${JSON.stringify(value)} at ${path.join('.')}`, { cause: error })
      }
    }
  })
})

it('nothing of all this has reached a prototype', () => {
  expect(Object.keys(Object.prototype)).toEqual([])
  expect('a' in {} || 'index' in {}).toBe(false)
})

/** `expect` would cost more than all it looks at. */
function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

function check(stream: readonly ChatCompletionChunk[]): void {
  // Officially shaped, where the shape is what others stand on.
  for (const { id, object, created, model, choices } of stream) {
    must(typeof id === 'string' && typeof model === 'string' && typeof created === 'number', 'identity has its types')
    must(object === 'chat.completion.chunk', 'a chunk says what it is')
    for (const one of choices) {
      must(Number.isSafeInteger(one.index) && one.index >= 0, 'a choice has an index')
      must(
        one.finish_reason === null || (typeof one.finish_reason === 'string' && one.finish_reason !== ''),
        'a finish reason is one',
      )
      must(typeof one.delta === 'object' && !Array.isArray(one.delta), 'a delta is an object')
    }
  }
  const sent = JSON.stringify(stream)
  must(JSON.stringify(normalized(JSON.parse(sent) as object[])) === sent, 'normalizing again changes nothing')
  const accumulator = createAccumulator()
  for (const chunk of stream) accumulator.push(chunk)
  must(JSON.stringify(accumulator.snapshot()) === JSON.stringify(accumulator.sum), 'a snapshot looks like the sum')
  const sum = accumulator.sum as ChatCompletionChunk
  const completion = toChatCompletion(sum)
  must(
    JSON.stringify(toChatCompletion(mergeChunk(undefined, sum))) === JSON.stringify(completion),
    'a sum can be added',
  )
  for (const from of [sum, completion]) {
    must(typeof textOf(from) === 'string' && typeof reasoningOf(from) === 'string', 'a text is text')
    for (const { id, name, text } of toolCallsOf(from))
      must(
        [id, name, text].every((part) => typeof part === 'string'),
        'a call is text',
      )
  }
}

it('readers of parts and of a fan-out read all of it too', async () => {
  for (const { chunk } of chunks.slice(0, 2)) {
    for (const path of pathsOf(chunk)) {
      const stream = values.flatMap((value) => normalized([chunk, with_(chunk, path, value)]))
      for await (const part of readParts(stream)) {
        must(part.type !== 'error', `parts are read with anything at ${path.join('.')}`)
        must(!('text' in part) || typeof part.text === 'string', `a text is text with anything at ${path.join('.')}`)
      }
    }
    async function* source() {
      for (const value of values) yield* normalized([with_(chunk, ['choices', 0], value)])
    }
    for await (const sum of createFanOut(source()).subscribe()) expect(sum.id).toBe('c')
  }
})

function pathsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at]
  const inside = Object.keys(value).flatMap((key) =>
    pathsOf((value as Obj)[key], [...at, Array.isArray(value) ? Number(key) : key]),
  )
  return at.length === 0 ? inside : [at, ...inside]
}

/** A copy with one value in another's place. */
function with_(base: object, path: Path, value: unknown): Obj {
  const copy = overTheWire(base) as Obj
  let place = copy
  for (const key of path.slice(0, -1)) place = place[key] as Obj
  place[path.at(-1) ?? ''] = value
  return copy
}
