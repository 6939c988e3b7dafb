import {
  accumulate,
  type Accumulated,
  type ChatCompletionChunk,
  isStreamError,
  type LimitName,
  textOf,
} from '@deltawire/core'
import { bytesOf, cutEvery, iterableOf } from '@deltawire/testkit'
import { describe, expect, it } from 'vitest'
import { readChunks, type ReadChunksOptions } from '../src/index.ts'

const KB = 1024
const MB = 1024 * KB
const PIECE = 64 * KB

const event = (value: unknown) => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`
const chunk = (delta: object, finish_reason: string | null = null) => ({
  id: 'c',
  choices: [{ index: 0, delta, finish_reason }],
})
const end = event(chunk({}, 'stop')) + event('[DONE]')

const fold = (pieces: Iterable<Uint8Array>, options: ReadChunksOptions = {}): Promise<Accumulated> =>
  accumulate(readChunks(iterableOf(pieces), options))
const foldText = (text: string, options: ReadChunksOptions = {}) => fold(cutEvery(bytesOf(text), PIECE), options)
const messageIn = ({ completion }: Accumulated) => completion?.choices[0]?.message
const lengthIn = (answer: Accumulated) => textOf(messageIn(answer)).length

/** The option that an answer has passed. */
function limitOf({ error }: Accumulated): LimitName | undefined {
  if (error !== null && (!isStreamError(error) || error.code !== 'limit_exceeded')) throw error
  return error?.details.option
}

/** A body of one kind of piece, for ever, that counts what is read of it. */
function endless(first: string, piece: string) {
  const bytes = bytesOf(piece)
  const counter = { pieces: 0, cancelled: 0 }
  function* pieces() {
    yield bytesOf(first)
    for (;;) {
      counter.pieces++
      yield bytes
    }
  }
  const source = iterableOf(pieces(), { onCancel: () => counter.cancelled++ })
  return { source, counter }
}

describe('a body without end', () => {
  const before = event(chunk({ content: 'Hello' }))

  it.each<[string, string, string, string | null]>([
    ['one line of data', before, 'x'.repeat(PIECE), 'Hello'],
    ['one event of many lines', before, 'data: x\n'.repeat(PIECE / 8), 'Hello'],
    ['an event of empty lines', before, 'data:\n'.repeat(PIECE / 8), 'Hello'],
    ['one JSON document', '{"choices":[{"index":0,"delta":{"content":"', 'x'.repeat(PIECE), null],
    ['one JSON list', '[{"a":[', '[],'.repeat(PIECE / 4), null],
    [
      'one line of JSON behind another',
      `${JSON.stringify(chunk({ content: 'Hello' }))}\n{"a":"`,
      'x'.repeat(PIECE),
      'Hello',
    ],
  ])(
    'that is %s passes the limit of an event, keeps what came before, and lets go of the source',
    async (_, first, piece, kept) => {
      const { source, counter } = endless(first, piece)
      const answer = await accumulate(readChunks(source, { maxEventLength: MB }))
      expect(limitOf(answer)).toBe('maxEventLength')
      expect(messageIn(answer)?.content ?? null).toBe(kept)
      // No more was read than the limit allows, and nothing is read any more.
      expect(counter.pieces).toBeLessThanOrEqual(MB / Math.min(piece.length, PIECE / 8) + 2)
      expect(counter.cancelled).toBe(1)
    },
  )

  it('that is chunk after chunk passes the limit of the answer', async () => {
    const { source, counter } = endless('', event(chunk({ content: 'x'.repeat(KB) })))
    const answer = await accumulate(readChunks(source, { maxAnswerLength: MB }))
    expect(limitOf(answer)).toBe('maxAnswerLength')
    expect(lengthIn(answer)).toBeGreaterThanOrEqual(MB - 8 * KB)
    expect(counter).toMatchObject({ cancelled: 1 })
    expect(counter.pieces).toBeLessThanOrEqual(KB + 1)
  })

  it('that is only comments, blank lines or a page costs nothing while it lasts', async () => {
    for (const [first, piece] of [
      ['', ': keep-alive\n\n'],
      ['', '\n\n\n\n'],
      ['<html>', '<p>'],
      ['', ': no line end '],
      ['', 'retry: 5\n\n'],
    ] as const) {
      const pieces = [first, ...Array.from({ length: 200 }, () => piece.repeat(1_000))].map(bytesOf)
      const { error } = await fold(pieces, { maxEventLength: 20 * MB })
      expect(error).toMatchObject({ code: 'no_chunk' })
    }
  })
})

describe('one event of a hundred megabytes', () => {
  const head = bytesOf('data: {"choices":[{"index":0,"finish_reason":"stop","delta":{"content":"')
  const piece = bytesOf('x'.repeat(PIECE))
  const count = (100 * MB) / PIECE
  function* pieces(counter = { read: 0 }) {
    yield head
    for (let at = 0; at < count; at++) {
      counter.read++
      yield piece
    }
    yield bytesOf('"}}]}\n\n')
  }

  it('passes the limit after sixteen, and no more is read', async () => {
    const counter = { read: 0 }
    expect(limitOf(await fold(pieces(counter)))).toBe('maxEventLength')
    expect(counter.read).toBeLessThanOrEqual((16 * MB) / PIECE + 2)
  })

  it('is kept by whoever raises the limits', async () => {
    const answer = await fold(pieces(), { maxEventLength: 200 * MB, maxAnswerLength: 200 * MB })
    expect(answer.error).toBeNull()
    expect(lengthIn(answer)).toBe(100 * MB)
  })
})

describe('cost', () => {
  it('a megabyte that comes byte by byte is read', async () => {
    const text = event(chunk({ content: 'x'.repeat(MB) })) + end
    expect(lengthIn(await fold(cutEvery(bytesOf(text), 1)))).toBe(MB)
  })

  it('a million tiny events are one answer', async () => {
    const some = bytesOf(event(chunk({ content: 'x' })).repeat(1_000))
    function* pieces() {
      for (let at = 0; at < 1_000; at++) yield some
      yield bytesOf(end)
    }
    const answer = await fold(pieces())
    expect(answer.error).toBeNull()
    expect(lengthIn(answer)).toBe(1_000_000)
  })

  it('thirty thousand events that never repeat are one answer', async () => {
    const events = Array.from({ length: 30_000 }, (_, at) => event({ ...chunk({ content: 'x' }), [`x${at % 7}`]: at }))
    const answer = await foldText(events.join('') + end)
    expect(answer.error).toBeNull()
    expect(lengthIn(answer)).toBe(30_000)
  })

  it('a name on each of a hundred thousand fragments is read once', async () => {
    const fragment = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '[' } }
    const answer = await foldText(event(chunk({ tool_calls: [fragment] })).repeat(100_000) + end)
    expect(messageIn(answer)?.tool_calls).toEqual([
      { id: 'a', type: 'function', function: { name: 'f', arguments: '['.repeat(100_000) } },
    ])
  })

  it('a hundred thousand items, each with a place of its own, are one list', async () => {
    const images = Array.from({ length: 100_000 }, (_, index) => ({ index, type: 'image_url' }))
    expect(
      (messageIn(await foldText(event(chunk({ images })) + end)) as { images?: unknown } | undefined)?.images,
    ).toHaveLength(100_000)
  })
})

describe('numbers of things', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => index)
  const calls = (count: number) =>
    many(count).map((index) => ({ index, id: `call_${index}`, function: { name: 'f', arguments: '{}' } }))
  const choices = (count: number) => ({
    choices: many(count).map((index) => ({ index, delta: { content: 'x' }, finish_reason: 'stop' })),
  })

  it('a hundred thousand tool calls pass a limit, in one delta or in as many', async () => {
    expect(limitOf(await foldText(event(chunk({ tool_calls: calls(100_000) })) + end))).toBe('maxToolCalls')
    const one = await foldText(
      calls(1_000)
        .map((call) => event(chunk({ tool_calls: [call] })))
        .join('') + end,
    )
    expect(limitOf(one)).toBe('maxToolCalls')
    expect(messageIn(one)?.tool_calls).toHaveLength(128)
  })

  it('a hundred thousand choices pass a limit, in one chunk or in as many', async () => {
    expect(limitOf(await foldText(event(choices(100_000)) + end))).toBe('maxChoices')
    const one = await foldText(
      choices(1_000)
        .choices.map((choice) => event({ choices: [choice] }))
        .join('') + end,
    )
    expect(limitOf(one)).toBe('maxChoices')
    expect(one.completion?.choices).toHaveLength(128)
  })

  it('are kept by whoever raises the limits, at the same cost each', async () => {
    const answer = await foldText(
      event(chunk({ tool_calls: calls(10_000) })) + event(chunk({ tool_calls: calls(10_000) })) + end,
      { maxToolCalls: Infinity },
    )
    expect(messageIn(answer)?.tool_calls).toHaveLength(10_000)
    const { completion } = await foldText(event(choices(10_000)) + event(choices(10_000)), { maxChoices: Infinity })
    expect(completion?.choices).toHaveLength(10_000)
  })

  it('a hundred thousand levels pass a limit, and fifteen hundred are kept', async () => {
    const deep = (levels: number) =>
      `{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}],"deep":${'['.repeat(levels)}${']'.repeat(levels)}}`
    expect(limitOf(await foldText(event(deep(100_000)) + end))).toBe('maxJsonDepth')
    const { completion, error } = await foldText(event(deep(1_500)) + event(deep(1_500)) + end)
    expect(error).toBeNull()
    expect(JSON.stringify(completion)).toContain('['.repeat(1_500))
  })
})

describe('indexes', () => {
  const odd = [
    '1e9',
    '9007199254740992',
    '9007199254740991',
    '-1',
    '"0"',
    '1.5',
    '1e400',
    '-0',
    '"NaN"',
    'null',
    'true',
    '[]',
    '{}',
  ]

  it('of a choice that are unusable are its position', async () => {
    for (const index of odd) {
      const text =
        event(`{"choices":[{"index":${index},"delta":{"content":"x"},"finish_reason":"stop"}]}`) + event('[DONE]')
      const { completion, error } = await foldText(text)
      expect(error).toBeNull()
      expect(completion?.choices).toHaveLength(1)
      const [choice] = completion?.choices ?? []
      expect(Number.isSafeInteger(choice?.index)).toBe(true)
      expect(choice?.message.content).toBe('x')
    }
  })

  it('of a tool call that are unusable are none', async () => {
    for (const index of odd) {
      const call = `{"index":${index},"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}`
      const answer = await foldText(event(`{"choices":[{"index":0,"delta":{"tool_calls":[${call}]}}]}`) + end)
      expect(answer.error).toBeNull()
      expect(messageIn(answer)?.tool_calls).toEqual([
        { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } },
      ])
    }
  })
})

describe('keys that objects have from their prototype', () => {
  const keys = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'valueOf',
    'toJSON',
    'then',
    '__defineGetter__',
  ]
  const places = [
    '{KEY,"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}',
    '{"choices":[{KEY,"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}',
    '{"choices":[{"index":0,"delta":{KEY,"content":"x"},"finish_reason":"stop"}]}',
    '{"choices":[{"index":0,"delta":{"content":"x","tool_calls":[{KEY,"index":0,"id":"a"}]},"finish_reason":"stop"}]}',
    '{"choices":[{"index":0,"delta":{"content":"x","tool_calls":[{"index":0,"id":"a","function":{KEY,"name":"f"}}]},"finish_reason":"stop"}]}',
    '{"choices":[{"index":0,"delta":{"content":"x","function_call":{KEY,"name":"f"}},"finish_reason":"stop"}]}',
    '{"choices":[{"index":0,"delta":{"content":"x","audio":{KEY,"id":"a"}},"finish_reason":"stop"}]}',
    '{"choices":[{"index":0,"delta":{"content":"x","details":[{KEY,"index":0}]},"finish_reason":"stop"}]}',
    '{"choices":[{"index":0,"logprobs":{KEY,"content":[{KEY}],"refusal":null},"delta":{"content":"x"},"finish_reason":"stop"}]}',
    '{"usage":{KEY,"total_tokens":1,"a":{KEY}},"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}',
    '{"choices":[{"index":0,"message":{KEY,"content":"x"},"finish_reason":"stop"}]}',
  ]

  it('are kept where they came, but for __proto__, and reach nothing else', async () => {
    for (const key of keys) {
      for (const place of places) {
        const text = event(place.replaceAll('KEY', `"${key}":{"polluted":"${key}"}`))
        const { completion, error } = await foldText(text + text)
        expect(error).toBeNull()
        expect(completion).not.toBeNull()
        expect('polluted' in {} || 'polluted' in [] || 'polluted' in Function.prototype).toBe(false)
        expect(JSON.stringify(completion).includes('polluted'), `${key} in ${place}`).toBe(key !== '__proto__')
        expect(completion).not.toHaveProperty('polluted')
      }
    }
  })
})

it('iterating gives the same end as summing, whatever ends it', async () => {
  const bodies = [
    event(chunk({ content: 'x' })).repeat(50),
    `${event(chunk({ content: 'x' }))}data: {broken}\n\n`,
    `${event(chunk({ content: 'x' }))}data: {"choices":[`,
  ]
  for (const body of bodies) {
    const chunks: ChatCompletionChunk[] = []
    let thrown: unknown = null
    try {
      for await (const one of readChunks([bytesOf(body)])) chunks.push(one)
    } catch (error) {
      thrown = error
    }
    const summed = await foldText(body)
    expect(summed.error).toEqual(thrown)
    expect(messageIn(summed)?.content).toBe('x'.repeat(chunks.length))
  }
})
