import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createNormalizer, toChatCompletion } from '../src/index.ts'
import type { RepairName } from '../src/normalize/normalize.ts'
import { normalized, overTheWire, rawChunk, sumOf } from './raw.ts'

const completionOf = (...raw: unknown[]) => toChatCompletion(sumOf(normalized(raw)))
const messageOf = (...raw: unknown[]) => completionOf(...raw).choices[0]?.message

describe('identity', () => {
  it.each([
    ['id', '', 'a', 'b', 'a'],
    ['model', null, 'a', 'b', 'a'],
    ['created', 0, 1_750_000_000, 1_750_000_001, 1_750_000_000],
    ['id', undefined, 123, 'b', '123'],
    ['created', 'soon', '1750000000', 1, 1_750_000_000],
    ['created', undefined, 1_750_000_000.73, 2, 1_750_000_000],
  ])('%s is the first value that says something: %j, %j, %j', (field, first, second, third, expected) => {
    const chunks = [first, second, third].map((value) => ({ ...rawChunk({ content: 'x' }), [field]: value }))
    expect(completionOf(...chunks)).toHaveProperty(field, expected)
    expect(normalized(chunks).at(-1)).toHaveProperty(field, expected)
  })

  it('has a neutral value where the server never sent one', () => {
    for (const value of [undefined, null, {}, [], true]) {
      const chunk = { id: value, created: value, model: value, choices: rawChunk({ content: 'x' })['choices'] }
      expect(completionOf(chunk)).toMatchObject({ id: '', created: 0, model: '' })
    }
  })
})

describe('usage', () => {
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
  const nothing: [string, unknown][] = [
    ['null', null],
    ['{}', {}],
    ['a number', 0],
    ['a list', [1]],
    ['a text', 'none'],
  ]

  it.each(nothing)('is not erased by %s', (_, value) => {
    expect(completionOf({ ...rawChunk({}), usage }, { ...rawChunk({}), usage: value }).usage).toEqual(usage)
  })

  it('of a choice or of x_groq counts where the top level has none', () => {
    expect(completionOf(rawChunk({}, 'stop', { usage })).usage).toEqual(usage)
    expect(completionOf({ ...rawChunk({}), x_groq: { id: 'r', usage } }).usage).toEqual(usage)
  })

  it('of the top level wins over every other, whenever it comes', () => {
    const other = { total_tokens: 9 }
    const top = { ...rawChunk({}), usage }
    expect(completionOf(top, rawChunk({}, 'stop', { usage: other })).usage).toEqual(usage)
    expect(completionOf(rawChunk({}, 'stop', { usage: other }), top).usage).toEqual(usage)
    expect(completionOf(top, { ...rawChunk({}), x_groq: { usage: other } }).usage).toEqual(usage)
  })
})

describe('choices', () => {
  it.each<[string, unknown, number]>([
    ['null', null, 0],
    ['absent', undefined, 0],
    ['a text', 'none', 0],
    ['a number', 7, 0],
    ['an object', { index: 0, delta: { content: 'x' } }, 1],
    ['a list of nothing', [null, 'x', 7, []], 0],
  ])('that are %s', (_, choices, count) => {
    const [chunk] = normalized([{ choices }])
    expect(chunk?.choices).toHaveLength(count)
  })

  it('have their position for an index where theirs is unusable', () => {
    const choices = [undefined, null, '1', -1, 1.5, 2 ** 53].map((index) => ({ index, delta: { content: 'x' } }))
    expect(normalized([{ choices }])[0]?.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('are all choice 0 when the caller asked for one', () => {
    const choices = [7, 8, undefined].map((index) => ({ index, delta: { content: 'x' } }))
    expect(normalized([{ choices }], { n: 1 })[0]?.choices.map(({ index }) => index)).toEqual([0, 0, 0])
  })
})

describe('a whole message', () => {
  const whole = (message: object, finishReason = 'stop') => ({
    choices: [{ index: 0, message, finish_reason: finishReason }],
  })

  it('is the first delta when nothing came before', () => {
    const [chunk] = normalized([whole({ role: 'assistant', content: 'Hello' })])
    expect(chunk?.choices[0]).toEqual({
      index: 0,
      delta: { role: 'assistant', content: 'Hello' },
      finish_reason: 'stop',
    })
  })

  it('replaces what was collected, and says nothing of what it leaves empty', () => {
    const sent = [
      rawChunk({ content: 'Hel', reasoning: 'hm' }),
      whole({ content: 'Hello', reasoning: null, refusal: '', tool_calls: [] }),
    ]
    expect(messageOf(...sent)).toEqual({ role: 'assistant', content: 'Hello', refusal: null, reasoning: 'hm' })
  })

  it('replaces tool calls, with or without index, and goes on with them', () => {
    const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } }
    const sent = [
      rawChunk({ tool_calls: [{ ...call, index: 0, function: { name: 'f', arguments: '{"x"' } }] }),
      whole({ tool_calls: [call] }),
    ]
    expect(messageOf(...sent)?.tool_calls).toEqual([call])
    expect(
      messageOf(...sent, rawChunk({ tool_calls: [{ index: 0, function: { arguments: ' ' } }] }))?.tool_calls,
    ).toEqual([{ ...call, function: { name: 'f', arguments: '{"x":1} ' } }])
  })

  it('replaces a legacy function call with its name', () => {
    const call = { name: 'f', arguments: '{"x":1}' }
    const sent = [rawChunk({ function_call: { name: 'f', arguments: '{"x"' } }), whole({ function_call: call })]
    expect(messageOf(...sent)?.function_call).toEqual(call)
  })

  it('replaces audio that was held back', () => {
    const sent = [
      rawChunk({ audio: { id: 'au', data: 'YQ==' } }),
      whole({ audio: { id: 'au', data: 'YmI=', transcript: 't' } }),
    ]
    expect(messageOf(...sent)?.audio).toMatchObject({ data: 'YmI=', transcript: 't' })
  })

  it('beside an empty delta is all there is', () => {
    const last = rawChunk({}, 'stop', { message: { role: 'assistant', content: 'Hello' } })
    expect(messageOf(last)?.content).toBe('Hello')
    expect(messageOf(rawChunk({ role: 'assistant' }), last)?.content).toBe('Hello')
    expect(messageOf(rawChunk({ content: 'Hel' }), rawChunk({ content: 'lo' }), last)?.content).toBe('Hello')
  })

  it('beside a delta is left out', () => {
    expect(messageOf(rawChunk({ content: 'x' }, null, { message: { content: 'xyz' } }))?.content).toBe('x')
    expect(messageOf(rawChunk({ content: 'x' }, null, { message: 'xyz' }))?.content).toBe('x')
  })
})

describe('content', () => {
  it.each<[string, unknown, unknown]>([
    ['a number is text', 7, '7'],
    ['a boolean is text', false, 'false'],
    ['a part outside a list is a list', { type: 'text', text: 'x' }, [{ type: 'text', text: 'x' }]],
    ['text between parts is a part', ['x', { type: 'image' }], [{ type: 'text', text: 'x' }, { type: 'image' }]],
    ['null between parts is nothing', [null, { type: 'image' }], [{ type: 'image' }]],
    ['an empty list is nothing', [], null],
    ['a list of nulls is nothing', [null, null], null],
    ['null is nothing', null, null],
  ])('%s', (_, content, expected) => {
    expect(messageOf(rawChunk({ content }))?.content).toEqual(expected)
  })
})

it('a refusal is always text', () => {
  for (const refusal of [7, true, { reason: 'r' }, ['r']])
    expect(messageOf(rawChunk({ refusal }))?.refusal).toBe(JSON.stringify(refusal))
})

describe('audio', () => {
  it('that comes in padded fragments is one text, whatever comes between them and however it ends', () => {
    const fragment = fc.record(
      { data: fc.uint8Array({ maxLength: 8 }), transcript: fc.constantFrom('a', 'b') },
      { requiredKeys: [] },
    )
    const end = fc.constantFrom(undefined, {}, { audio: { expires_at: 1 } }, { content: 'x' })
    fc.assert(
      fc.property(fc.array(fragment, { minLength: 1 }), end, fc.boolean(), (fragments, last, finished) => {
        const deltas: unknown[] = fragments.map(({ data, ...rest }) => ({
          audio: { ...rest, ...(data && { data: Buffer.from(data).toString('base64') }) },
        }))
        const raw = [...deltas, ...(last === undefined ? [] : [last])].map((delta) => rawChunk(delta))
        if (finished) raw.push(rawChunk({}, 'stop'))
        const bytes = fragments.flatMap(({ data }) => [...(data ?? [])])
        const once = normalized(raw)
        expect(toChatCompletion(sumOf(once)).choices[0]?.message.audio?.data ?? '').toBe(
          Buffer.from(bytes).toString('base64'),
        )
        expect(sumOf(normalized(overTheWire(once)))).toEqual(sumOf(once))
      }),
    )
  })

  it('that is no audio is left out', () => {
    for (const audio of ['x', 7, []]) expect(messageOf(rawChunk({ content: 'x', audio }))).not.toHaveProperty('audio')
    expect(messageOf(rawChunk({ audio: { id: 5, data: {}, transcript: null, expires_at: 1 } }))?.audio).toEqual({
      expires_at: 1,
    })
  })
})

describe('cumulative text', () => {
  const content = (...texts: string[]) =>
    normalized(
      texts.map((text) => rawChunk({ content: text, reasoning_content: text })),
      { cumulative: true },
    )

  it('is given as what it adds', () => {
    const texts = content('Hel', 'Hello', 'Hello', 'Hello world').map(({ choices }) => choices[0]?.delta.content)
    expect(texts).toEqual(['Hel', 'lo', '', ' world'])
  })

  it('appends where it does not go on', () => {
    expect(toChatCompletion(sumOf(content('ab', 'x', 'abc'))).choices[0]?.message).toMatchObject({
      content: 'abxc',
      reasoning_content: 'abxc',
    })
  })

  it('is real text for whoever does not say otherwise', () => {
    expect(messageOf(rawChunk({ content: 'ha' }), rawChunk({ content: 'haha' }))?.content).toBe('hahaha')
  })
})

describe('the limit of the answer', () => {
  let nextName = 0
  const limited = (raw: readonly unknown[], maxAnswerLength: number) => {
    const normalizer = createNormalizer({ maxAnswerLength })
    for (const chunk of raw) normalizer.normalize(chunk)
  }

  it.each<[string, (text: string) => object]>([
    ['content', (text) => rawChunk({ content: text })],
    ['reasoning', (text) => rawChunk({ reasoning: text })],
    [
      'arguments',
      (text) => rawChunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: text } }] }),
    ],
    ['a text of a part', (text) => rawChunk({ content: [{ type: 'text', text }] })],
    ['a field of the provider', (text) => rawChunk({ thinking: { a: [text] } })],
    ['a list of the provider', (text) => rawChunk({}, null, { token_ids: Array.from(text, () => 1) })],
    ['names', (text) => rawChunk({ extra: Object.fromEntries(Array.from(text, (_letter, at) => [`${at}`, ''])) })],
    ['a name', (text) => rawChunk({ extra: { [text.repeat(4)]: '' } })],
    ['a name at the top', (text) => ({ ...rawChunk({}), [`${nextName++}${text}`]: '' })],
    ['logprobs', (text) => rawChunk({}, null, { logprobs: { content: [{ token: text }], refusal: null } })],
  ])('counts %s', (_, chunk) => {
    expect(() => limited([chunk('x'.repeat(1_001))], 1_000)).toThrow(
      expect.objectContaining({ code: 'limit_exceeded' }),
    )
    expect(() =>
      limited(
        Array.from({ length: 101 }, () => chunk('x'.repeat(10))),
        1_000,
      ),
    ).toThrow('maxAnswerLength')
  })

  it('does not count what every chunk repeats', () => {
    const chunk = {
      ...rawChunk({ content: 'x' }),
      system_fingerprint: 'fp_0123456789',
      service_tier: 'default',
      usage: null,
    }
    expect(() =>
      limited(
        Array.from({ length: 1_000 }, () => chunk),
        8_000,
      ),
    ).not.toThrow()
  })
})

it('a list at the top that every chunk repeats counts once, as long as it was at its longest', () => {
  const chunk = (results: number) => ({
    ...rawChunk({ content: 'x' }),
    search_results: Array.from({ length: results }, () => 'y'.repeat(100)),
  })
  const normalizer = createNormalizer({ maxAnswerLength: 3_000 })
  for (let at = 0; at < 200; at++) normalizer.normalize(chunk(at % 10))
  expect(() => normalizer.normalize(chunk(20))).toThrow('maxAnswerLength')
})

it('what was sent is only read, and what needs no repair is shared', () => {
  const citations = Object.freeze(['u'])
  const raw = Object.freeze({ ...rawChunk(Object.freeze({ content: 'x' })), citations })
  expect(normalized([raw])[0]).toHaveProperty('citations', citations)
})

it('what is no object is no chunk', () => {
  const normalizer = createNormalizer()
  for (const raw of [null, undefined, 'x', 7, true, [], [{}]]) expect(normalizer.normalize(raw)).toBeUndefined()
})

it('a key __proto__ is left out, also of a value that was not parsed by us', () => {
  const hostile = (rest: object) => ({ ...(JSON.parse('{"__proto__":{"polluted":1}}') as object), ...rest })
  const call = hostile({ index: 0, id: 'a', function: hostile({ name: 'f', arguments: '{}' }) })
  const raw = hostile({
    choices: [hostile({ index: 0, delta: hostile({ content: 'x', tool_calls: [call], extra: hostile({}) }) })],
  })
  const completion = completionOf(raw)
  expect(JSON.stringify(completion)).not.toContain('polluted')
  expect(completion).not.toHaveProperty('polluted')
  expect({}).not.toHaveProperty('polluted')
})

it('a listener hears of every repair, and warnings tell of those that cost something', () => {
  const heard: RepairName[] = []
  const normalizer = createNormalizer({ onRepair: (repair) => heard.push(repair) })
  normalizer.normalize({ ...rawChunk({ role: '', content: 7 }), id: 5, obfuscation: 'x' })
  normalizer.normalize(rawChunk({ content: 8 }))
  expect(heard).toEqual(['id-not-text', 'obfuscation', 'role-empty', 'text-not-text', 'id-changed', 'text-not-text'])
  expect(normalizer.warnings).toMatchObject([{ code: 'text-not-text', event: 1, count: 2 }])
})
