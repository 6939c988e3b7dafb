import { describe, expect, it } from 'vitest'
import { toChatCompletion } from '../src/index.ts'
import { chunkOf, sumOf } from './raw.ts'

it('fills in what a completion must have, and nothing else', () => {
  expect(toChatCompletion(chunkOf({}))).toStrictEqual({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_750_000_000,
    model: 'm',
    choices: [
      { index: 0, message: { role: 'assistant', content: null, refusal: null }, logprobs: null, finish_reason: null },
    ],
  })
})

it('sorts choices and calls, and drops the index of calls', () => {
  const call = (index: number, name: string) => ({
    index,
    id: name,
    type: 'function' as const,
    function: { name, arguments: '' },
  })
  const { choices } = toChatCompletion({
    ...chunkOf({}),
    choices: [2, 0, 1].map((index) => ({
      index,
      delta: { tool_calls: [call(7, 'b'), call(3, 'a')] },
      finish_reason: null,
    })),
  })
  expect(choices.map(({ index }) => index)).toEqual([0, 1, 2])
  expect(choices[0]?.message.tool_calls).toEqual(
    ['a', 'b'].map((name) => ({ id: name, type: 'function', function: { name, arguments: '' } })),
  )
})

describe('a tool call', () => {
  it.each([
    ['without anything', { index: 0 }, { id: '', type: 'function', function: { name: '', arguments: '' } }],
    ['with an id alone', { index: 0, id: 'a' }, { id: 'a', type: 'function', function: { name: '', arguments: '' } }],
    [
      'of the custom kind',
      { index: 0, id: 'a', custom: { input: 'x' } },
      { id: 'a', type: 'custom', custom: { name: '', input: 'x' } },
    ],
    ['of the custom type', { index: 0, type: 'custom' }, { id: '', type: 'custom', custom: { name: '', input: '' } }],
    ['of another type', { index: 0, type: 'mcp', mcp: { x: 1 } }, { id: '', type: 'mcp', mcp: { x: 1 } }],
    [
      'with fields of the provider',
      { index: 0, function: { name: 'f', arguments: '', x: 1 }, extra_content: 2 },
      { id: '', type: 'function', function: { name: 'f', arguments: '', x: 1 }, extra_content: 2 },
    ],
  ])('%s', (_, call, expected) => {
    expect(toChatCompletion(chunkOf({ tool_calls: [call as never] })).choices[0]?.message.tool_calls).toStrictEqual([
      expected,
    ])
  })
})

it('puts a whole message before the deltas that came after it', () => {
  const sum = sumOf([
    chunkOf({ content: 'Hel', reasoning: 'hm' }),
    chunkOf(
      {},
      {
        whole_message: {
          content: 'Hello',
          tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '{' } }],
        },
      },
    ),
    chunkOf({ content: '!', tool_calls: [{ index: 0, function: { arguments: '}' } }] }, { finish_reason: 'stop' }),
  ])
  expect(toChatCompletion(sum).choices[0]?.message).toEqual({
    role: 'assistant',
    content: 'Hello!',
    refusal: null,
    reasoning: 'hm',
    tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
  })
})

it('keeps a finish reason, a role and arguments as they came', () => {
  const sum = chunkOf(
    { role: 'model', tool_calls: [{ index: 0, function: { name: 'f', arguments: '{"a' } }] },
    { finish_reason: 'STOP' },
  )
  const [choice] = toChatCompletion(sum).choices
  expect(choice).toMatchObject({
    finish_reason: 'STOP',
    message: { role: 'model', tool_calls: [{ function: { arguments: '{"a' } }] },
  })
})

it('keeps what a provider adds, at the level where it came', () => {
  const sum = {
    ...chunkOf(
      { x_delta: 1 } as never,
      { x_choice: 2, logprobs: { content: [], refusal: null, x_logprobs: 3 } } as never,
    ),
    x_top: 4,
  }
  expect(toChatCompletion(sum)).toMatchObject({
    x_top: 4,
    choices: [{ x_choice: 2, message: { x_delta: 1 }, logprobs: { content: [], refusal: null, x_logprobs: 3 } }],
  })
})

it('leaves out usage that is null, and keeps an audio that is null', () => {
  const completion = toChatCompletion({ ...chunkOf({ audio: null }), usage: null })
  expect(completion).not.toHaveProperty('usage')
  expect(completion.choices[0]?.message.audio).toBeNull()
})
