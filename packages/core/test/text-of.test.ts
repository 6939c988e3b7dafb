import { describe, expect, it } from 'vitest'
import { reasoningOf, textOf, toChatCompletion } from '../src/index.ts'
import { chunkOf, sumOf } from './raw.ts'

const thinking = { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }

describe('the text', () => {
  it('is the same in a chunk, a choice, a delta, a completion and a message', () => {
    const chunk = chunkOf({ content: 'Hello' })
    const completion = toChatCompletion(chunk)
    for (const from of [
      chunk,
      chunk.choices[0],
      chunk.choices[0]?.delta,
      completion,
      completion.choices[0],
      completion.choices[0]?.message,
    ])
      expect(textOf(from)).toBe('Hello')
  })

  it('is that of choice 0, wherever it stands, or else of the first', () => {
    const choice = (index: number, content: string) => ({ index, delta: { content }, finish_reason: null })
    expect(textOf({ ...chunkOf({}), choices: [choice(1, 'b'), choice(0, 'a')] })).toBe('a')
    expect(textOf({ ...chunkOf({}), choices: [choice(2, 'c'), choice(1, 'b')] })).toBe('c')
  })

  it('is that of the text parts', () => {
    expect(
      textOf({
        content: [thinking, { type: 'text', text: 'Hel' }, { type: 'image' }, { type: 'output_text', text: 'lo' }],
      }),
    ).toBe('Hello')
  })

  it('of a sum with a whole message goes on behind the message', () => {
    const sum = sumOf([
      chunkOf({ content: 'Hel' }),
      chunkOf({}, { whole_message: { content: 'Hello' } }),
      chunkOf({ content: '!' }),
    ])
    expect(textOf(sum)).toBe('Hello!')
    expect(textOf(toChatCompletion(sum))).toBe('Hello!')
  })

  it('is left as it is', () => {
    for (const content of ['<think>hm</think>4', 'Hi \ud83d', 'a\u0000b\u001b[31m'])
      expect(textOf({ content })).toBe(content)
  })

  it.each([
    [undefined],
    [{}],
    [{ content: null }],
    [{ content: '' }],
    [{ content: [] }],
    [{ ...chunkOf({}), choices: [] }],
  ])('is empty where there is none: %j', (from) => {
    expect(textOf(from as never)).toBe('')
    expect(reasoningOf(from as never)).toBe('')
  })
})

describe('the reasoning', () => {
  it.each([
    ['reasoning_content', { reasoning_content: 'hm' }],
    ['reasoning', { reasoning: 'hm' }],
    [
      'reasoning_details',
      {
        reasoning_details: [
          { type: 'reasoning.text', text: 'h' },
          { type: 'reasoning.summary', summary: 'm' },
          { type: 'reasoning.encrypted', data: 'x' },
        ],
      },
    ],
    ['thinking parts', { content: [thinking, { type: 'text', text: '4' }] }],
    ['reasoning parts', { content: [{ type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }] }] }],
    ['thinking_blocks', { thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 's' }] }],
  ])('is read from %s', (_, delta) => {
    expect(reasoningOf(delta as never)).toBe('hm')
  })

  it('is read once where it was sent twice', () => {
    expect(
      reasoningOf({
        reasoning_content: 'hm',
        reasoning: 'hm',
        reasoning_details: [{ type: 'reasoning.text', text: 'hm' }],
      }),
    ).toBe('hm')
    expect(reasoningOf({ reasoning_content: '', reasoning: 'hm' })).toBe('hm')
  })
})

it('nothing in a message makes a reader throw', () => {
  const values = [
    null,
    true,
    0,
    -1,
    '',
    'x',
    [],
    {},
    [null],
    [[]],
    { a: 1 },
    [{ text: 1 }],
    [{ type: 'text', text: {} }],
  ]
  for (const value of values)
    for (const field of ['content', 'reasoning', 'reasoning_content', 'reasoning_details', 'thinking_blocks']) {
      expect(typeof textOf({ [field]: value })).toBe('string')
      expect(typeof reasoningOf({ [field]: value })).toBe('string')
    }
  for (const value of values) {
    for (const from of [value, { choices: value }, { choices: [value] }])
      expect(typeof textOf(from as never)).toBe('string')
  }
})
