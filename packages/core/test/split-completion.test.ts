import { plainEvents } from '@deltawire/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatCompletionChunk, ChunkChoice } from '../src/chunk.ts'
import type { ChatCompletion, ChatCompletionMessage, ToolCall } from '../src/completion.ts'
import { decodeChunks } from '../src/decode/decode-chunks.ts'
import type { StreamEvent } from '../src/decode/frame.ts'
import { encodeChunk } from '../src/encode/encode-chunk.ts'
import { encodeDone } from '../src/encode/encode-done.ts'
import type { CutBy } from '../src/encode/cut-text.ts'
import { splitCompletion, type SplitOptions } from '../src/encode/split-completion.ts'
import { accumulate } from '../src/merge/accumulate.ts'
import { mergeChunk } from '../src/merge/merge-chunk.ts'
import { toChatCompletion } from '../src/read/to-chat-completion.ts'
import { completion } from './arbitrary/completion.ts'

describe('a completion that is split and merged again', () => {
  it('is the same, whatever it holds and however it was cut', () => {
    fc.assert(
      fc.property(completion, by, (whole, cut) => {
        expect(joined(splitCompletion(frozen(whole), { by: cut }))).toEqual(whole)
      }),
      { numRuns: 500 },
    )
  })

  it('is the same when accumulate reads the chunks', async () => {
    await fc.assert(
      fc.asyncProperty(completion, async (whole) => {
        const { completion: answered, error } = await accumulate(splitCompletion(whole))
        expect({ answered, error }).toEqual({ answered: whole, error: null })
      }),
    )
  })

  it('is the same after a journey over the wire', async () => {
    await fc.assert(
      fc.asyncProperty(completion.filter(isUnambiguous), by, async (whole, cut) => {
        const text = [...splitCompletion(whole, { by: cut })].map(encodeChunk).join('') + encodeDone()
        const { completion: answered, error } = await accumulate(decodeChunks(eventsOf(text)))
        expect({ answered, error }).toEqual({ answered: whole, error: null })
      }),
      { numRuns: 200 },
    )
  })

  it('is the same without any choice', () => {
    const { choices: _choices, ...rest } = answer({})
    for (const extra of [{}, { prompt_filter_results: [1] }, { usage: null }, { moderation: null }]) {
      const sum = [...splitCompletion({ ...rest, ...extra, choices: [] } as ChatCompletion)].reduce(mergeChunk)
      expect(sum).toStrictEqual({ ...rest, ...extra, choices: [], object: 'chat.completion.chunk' })
    }
  })
})

describe('the chunks of an answer', () => {
  it('are those of an official stream', () => {
    const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 }
    const whole = { ...answer({ content: 'Hello world' }), usage, system_fingerprint: 'fp_1', service_tier: 'default' }
    const chunk = {
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      service_tier: 'default',
      system_fingerprint: 'fp_1',
      usage: null,
    }
    const choice = { index: 0, logprobs: null, finish_reason: null }
    expect([...splitCompletion(whole)]).toStrictEqual([
      { ...chunk, choices: [{ ...choice, delta: { role: 'assistant', content: '', refusal: null } }] },
      { ...chunk, choices: [{ ...choice, delta: { content: 'Hello' } }] },
      { ...chunk, choices: [{ ...choice, delta: { content: ' world' } }] },
      { ...chunk, choices: [{ ...choice, delta: {}, finish_reason: 'stop' }] },
      { ...chunk, choices: [], usage },
    ])
  })

  it('open each tool call with its name and no arguments', () => {
    const message = {
      content: null,
      tool_calls: [
        { id: 'a', type: 'function' as const, function: { name: 'f', arguments: '{"x": 1}' } },
        { id: 'b', type: 'custom' as const, custom: { name: 'g', input: 'h' } },
      ],
    }
    expect(deltas(message)).toStrictEqual([
      { role: 'assistant', content: null, refusal: null },
      { tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{"x":' } }] },
      { tool_calls: [{ index: 0, function: { arguments: ' 1}' } }] },
      { tool_calls: [{ index: 1, id: 'b', type: 'custom', custom: { name: 'g', input: '' } }] },
      { tool_calls: [{ index: 1, custom: { input: 'h' } }] },
      {},
    ])
  })

  it('tell thoughts before the answer, and what belongs to all of it at the end', () => {
    const annotations = [
      { type: 'url_citation' as const, url_citation: { start_index: 0, end_index: 1, url: 'u', title: 't' } },
    ]
    const message = {
      content: 'yes',
      annotations,
      images: [],
      reasoning: 'hm',
      function_call: { name: 'f', arguments: '{}' },
    }
    expect(deltas(message)).toStrictEqual([
      { role: 'assistant', content: '', reasoning: '', refusal: null },
      { reasoning: 'hm' },
      { content: 'yes' },
      { function_call: { name: 'f', arguments: '' } },
      { function_call: { arguments: '{}' } },
      { annotations },
      { images: [] },
      {},
    ])
  })

  it('begin audio with its id, cut its data between groups of four, and end it with its expiry', () => {
    const audio = { id: 'a', data: 'YWJjZGVmZw==', transcript: 'a b', expires_at: 2 }
    expect(deltas({ content: null, audio }, { by: 5 })).toStrictEqual([
      { role: 'assistant', content: null, refusal: null },
      { audio: { id: 'a', data: '', transcript: '' } },
      { audio: { data: 'YWJj' } },
      { audio: { data: 'ZGVm' } },
      { audio: { data: 'Zw==' } },
      { audio: { transcript: 'a b' } },
      { audio: { expires_at: 2 } },
      {},
    ])
  })

  it('cut audio data between groups of four however texts are cut', () => {
    fc.assert(
      fc.property(completion, by, (whole, cut) => {
        const data = [...splitCompletion(whole, { by: cut })]
          .flatMap(({ choices }) => choices.map(({ index, delta }) => ({ index, data: delta.audio?.data ?? '' })))
          .filter((each) => each.data !== '')
        for (const [at, each] of data.entries()) {
          const isLast = !data.slice(at + 1).some(({ index }) => index === each.index)
          expect(isLast || each.data.length % 4 === 0).toBe(true)
        }
      }),
    )
  })

  it('keep typed content in one piece', () => {
    const content = [{ type: 'text', text: 'a b c' }]
    expect(deltas({ content })).toStrictEqual([{ role: 'assistant', content, refusal: null }, {}])
  })

  it('keep nulls where they were', () => {
    const whole = { ...answer({ content: 'a', stop_reason: null }), system_fingerprint: null, x: null }
    const chunks = [...splitCompletion(whole as unknown as ChatCompletion)]
    expect(chunks.map((chunk) => 'x' in chunk)).toStrictEqual([true, false, false, false])
    expect(chunks.every((chunk) => chunk.system_fingerprint === null)).toBe(true)
    expect(chunks[2]?.choices[0]?.delta).toStrictEqual({ stop_reason: null })
  })

  it('take turns between choices', () => {
    const [first] = answer({ content: 'a b c' }).choices as [ChatCompletion['choices'][0]]
    const whole = {
      ...answer({}),
      choices: [first, { ...first, index: 1, message: { ...first.message, content: 'd' } }],
    }
    expect([...splitCompletion(whole)].map(({ choices: [choice] }) => said(choice))).toStrictEqual([
      '0:assistant',
      '1:assistant',
      '0:"a"',
      '1:"d"',
      '0:" b"',
      '1:stop',
      '0:" c"',
      '0:stop',
    ])
  })

  it('leave a choice open that has no finish reason', () => {
    const whole = answer({ content: 'a' })
    const open = { ...whole, choices: whole.choices.map((choice) => ({ ...choice, finish_reason: null })) }
    expect([...splitCompletion(open)].map(({ choices: [choice] }) => choice?.finish_reason)).toStrictEqual([null, null])
  })

  it('come one at a time: nothing is cut before it is asked for', () => {
    let cuts = 0
    const chunks = splitCompletion(answer({ content: 'a', refusal: 'b' }), {
      by(text) {
        cuts += 1
        return [text]
      },
    })
    expect(cuts).toBe(0)
    chunks.next()
    chunks.next()
    expect(cuts).toBe(1)
  })
})

describe('by', () => {
  it.each<[string, CutBy | undefined, string, string[]]>([
    ['words, when nothing is said', undefined, 'one two', ['one', ' two']],
    ['words with the space before them', 'word', ' one  two\n\nthree ', [' one', '  two', '\n\nthree', ' ']],
    ['words and Chinese or Japanese characters', 'word', 'AI 是什么?カナ', ['AI', ' 是', '什', '么', '?', 'カ', 'ナ']],
    ['nothing but space', 'word', ' \n ', [' \n ']],
    ['characters', 'character', 'aé👋b', ['a', 'é', '👋', 'b']],
    ['characters, lone surrogates too', 'character', 'a\uDC4B\uD83D👋', ['a', '\uDC4B', '\uD83D', '👋']],
    ['numbers of characters', 3, 'abcdefgh', ['abc', 'def', 'gh']],
    ['numbers, never through a character', 2, 'a👋b👋', ['a👋', 'b👋']],
    ['a function', (text: string) => ['', text.slice(0, 1), '', text.slice(1)], 'abc', ['a', 'bc']],
  ])('cuts %s', (_, cut, text, pieces) => {
    const contents = deltas({ content: text }, { by: cut }).map(({ content }) => content)
    expect(contents).toStrictEqual(['', ...pieces, undefined])
  })

  it('gives no empty piece', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), by, (content, cut) => {
        const [opening, ...pieces] = deltas({ content }, { by: cut }).slice(0, -1)
        expect(opening).toHaveProperty('content', '')
        expect(pieces).not.toContainEqual({ content: '' })
      }),
    )
  })

  it.each([0, -1, 1.5, Number.NaN, Infinity, 'line'])('cannot be %s', (wrong) => {
    expect(() => splitCompletion(answer({}), { by: wrong as CutBy })).toThrow(TypeError)
  })

  it('cannot be a function that loses text', () => {
    expect(() => [...splitCompletion(answer({ content: 'abc' }), { by: () => ['a', 'c'] })]).toThrow(TypeError)
  })
})

const by = fc.oneof(
  fc.constantFrom<CutBy>('character', 'word'),
  fc.integer({ min: 1, max: 7 }),
  fc.constant((text: string) => [text]),
  fc.constant((text: string) => text.match(/.{1,3}/gs) ?? []),
)

function answer(message: object): ChatCompletion {
  const whole = { role: 'assistant', content: null, refusal: null, ...message } as ChatCompletionMessage
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: whole, logprobs: null, finish_reason: 'stop' }],
  }
}

function deltas(message: object, options?: SplitOptions) {
  return [...splitCompletion(answer(message), options)].flatMap(({ choices }) => choices.map(({ delta }) => delta))
}

function said(choice: ChunkChoice | undefined): string {
  const { index, delta, finish_reason } = choice ?? { index: -1, delta: {}, finish_reason: null }
  return `${index}:${delta.role ?? JSON.stringify(delta.content) ?? finish_reason ?? ''}`
}

function joined(chunks: Iterable<ChatCompletionChunk>): ChatCompletion | undefined {
  let sum: ChatCompletionChunk | undefined
  for (const chunk of chunks) sum = mergeChunk(sum, chunk)
  return sum && toChatCompletion(sum)
}

/** Decoding repairs what providers mean otherwise than they say it, so that a few things cannot be said over the wire. */
function isUnambiguous({ choices, system_fingerprint }: ChatCompletion): boolean {
  if (system_fingerprint === null) return false
  return choices.every(({ message: { audio, content, tool_calls }, finish_reason }) => {
    // Empty lists stand on every chunk of some servers, and audio that has an expiry is complete.
    if (content?.length === 0 && Array.isArray(content)) return false
    if (tool_calls?.length === 0 || (audio && finish_reason === null)) return false
    return tool_calls?.every((call) => call.id !== '' && nameOf(call) !== '') ?? true
  })
}

function nameOf(call: ToolCall): string {
  return call.type === 'function' ? call.function.name : call.custom.name
}

async function* eventsOf(text: string): AsyncGenerator<StreamEvent> {
  for (const { data } of plainEvents(text)) yield { data }
}

/** A value that nobody can change unnoticed. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen)
  return value
}
