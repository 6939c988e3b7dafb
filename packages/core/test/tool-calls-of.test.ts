import { describe, expect, it } from 'vitest'
import { toChatCompletion, toolCallsOf } from '../src/index.ts'
import { chunkOf, sumOf } from './raw.ts'

const call = (text: string) => ({
  tool_calls: [{ index: 0, id: 'a', type: 'function' as const, function: { name: 'f', arguments: text } }],
})

it('a call of a sum and of its completion reads the same', () => {
  const sum = sumOf([chunkOf(call('{"a"')), chunkOf({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] })])
  const expected = [{ id: 'a', type: 'function', name: 'f', text: '{"a":1}', arguments: { a: 1 }, valid: true }]
  expect(toolCallsOf(sum)).toEqual(expected)
  expect(toolCallsOf(toChatCompletion(sum))).toEqual(expected)
})

it.each([
  ['{"a":1}', { a: 1 }, true],
  ['', {}, true],
  [' \n', {}, true],
  ['{"a":1} \n', { a: 1 }, true],
  ['[1]', [1], true],
  ['"text"', 'text', true],
  ['{"a":', undefined, false],
  ['{"a":1}{"a":1}', undefined, false],
  ["{'a':1}", undefined, false],
])('the arguments %j read as %j', (text, value, valid) => {
  expect(toolCallsOf(chunkOf(call(text)))).toMatchObject([{ text, arguments: value, valid }])
})

describe('calls', () => {
  it('are sorted by index, and a legacy function call is one of them', () => {
    const calls = toolCallsOf({
      tool_calls: [
        { index: 5, id: 'b', function: { name: 'g', arguments: '' } },
        { index: 2, id: 'a', custom: { name: 'f', input: 'print(1)' } },
      ],
    })
    expect(calls).toMatchObject([
      { id: 'a', type: 'custom', name: 'f', text: 'print(1)', arguments: undefined, valid: true },
      { id: 'b', type: 'function', name: 'g' },
    ])
    expect(toolCallsOf({ function_call: { name: 'h', arguments: '{}' } })).toMatchObject([
      { id: '', name: 'h', arguments: {} },
    ])
  })

  it.each([[undefined], [{}], [{ tool_calls: [] }], [{ content: 'x' }]])('are none in %j', (from) => {
    expect(toolCallsOf(from)).toEqual([])
  })
})

it('nothing in a message makes it throw', () => {
  const values = [null, true, 0, '', 'x', [], {}, [null], [[]], { a: 1 }]
  for (const value of values)
    for (const from of [
      { tool_calls: value },
      { tool_calls: [value] },
      { tool_calls: [{ function: value, custom: value, id: value, index: value }] },
      { tool_calls: [{ function: { name: value, arguments: value } }] },
      { function_call: value },
    ])
      for (const { id, name, text } of toolCallsOf(from as never))
        expect([id, name, text].every((part) => typeof part === 'string')).toBe(true)
})
