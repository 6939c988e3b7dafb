import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ChatCompletionChunk, type Part, readParts } from '../src/index.ts'
import { chunkOf } from './raw.ts'

async function read(chunks: AsyncIterable<ChatCompletionChunk> | Iterable<ChatCompletionChunk>): Promise<Part[]> {
  const parts: Part[] = []
  for await (const part of readParts(chunks)) parts.push(part)
  return parts
}

const call = (head: object, name?: string, text?: string) => ({
  index: 0,
  ...head,
  function: { ...(name !== undefined && { name }), ...(text !== undefined && { arguments: text }) },
})

it('tells an answer as it happens', async () => {
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }
  const parts = await read([
    chunkOf({ role: 'assistant', content: '' }),
    chunkOf({ reasoning: 'hm', reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] }),
    chunkOf({ content: 'Hello' }),
    chunkOf({ tool_calls: [call({ id: 'a', type: 'function' }, 'f', '')] }),
    chunkOf({ tool_calls: [call({}, undefined, '{}')] }),
    chunkOf({}, { finish_reason: 'tool_calls' }),
    { ...chunkOf({}), choices: [], usage },
  ])
  expect(parts).toEqual([
    { type: 'reasoning', choice: 0, text: 'hm' },
    { type: 'content', choice: 0, text: 'Hello' },
    { type: 'tool_call_start', choice: 0, index: 0, id: 'a', name: 'f' },
    { type: 'tool_call_arguments', choice: 0, index: 0, text: '{}' },
    { type: 'tool_call_end', choice: 0, index: 0, id: 'a', name: 'f', text: '{}' },
    { type: 'finish', choice: 0, reason: 'tool_calls' },
    { type: 'usage', usage },
  ])
})

describe('a tool call', () => {
  it('that has a name late starts with it, and then says what came before', async () => {
    const parts = await read([
      chunkOf({ tool_calls: [call({ id: 'a' }, undefined, '{"a"')] }),
      chunkOf({ tool_calls: [call({}, 'f', ':1}')] }, { finish_reason: 'stop' }),
    ])
    expect(parts.slice(0, 3)).toEqual([
      { type: 'tool_call_start', choice: 0, index: 0, id: 'a', name: 'f' },
      { type: 'tool_call_arguments', choice: 0, index: 0, text: '{"a":1}' },
      { type: 'tool_call_end', choice: 0, index: 0, id: 'a', name: 'f', text: '{"a":1}' },
    ])
  })

  it('that never has a name starts and ends without', async () => {
    const parts = await read([chunkOf({ tool_calls: [call({}, undefined, '{}')] })])
    expect(parts).toEqual([
      { type: 'tool_call_start', choice: 0, index: 0, id: '', name: '' },
      { type: 'tool_call_arguments', choice: 0, index: 0, text: '{}' },
      { type: 'tool_call_end', choice: 0, index: 0, id: '', name: '', text: '{}' },
    ])
  })

  it('that goes on after it has ended is told anew, from its beginning', async () => {
    const parts = await read([
      chunkOf({ tool_calls: [call({ id: 'a' }, 'f', '{"a"')] }, { finish_reason: 'stop' }),
      chunkOf({ tool_calls: [call({}, undefined, ':1}')] }),
    ])
    expect(parts.slice(4)).toEqual([
      { type: 'tool_call_start', choice: 0, index: 0, id: 'a', name: 'f' },
      { type: 'tool_call_arguments', choice: 0, index: 0, text: '{"a":1}' },
      { type: 'tool_call_end', choice: 0, index: 0, id: 'a', name: 'f', text: '{"a":1}' },
    ])
  })

  it('that has ended is not another one for a signature that comes late, or a second finish reason', async () => {
    const parts = await read([
      chunkOf({ tool_calls: [call({ id: 'a' }, 'f', '{}')] }, { finish_reason: 'stop' }),
      chunkOf(
        { tool_calls: [{ index: 0, extra_content: { google: { thought_signature: 's' } } } as never] },
        { finish_reason: 'stop' },
      ),
    ])
    expect(parts.filter(({ type }) => type === 'tool_call_end')).toHaveLength(1)
  })

  it('of the custom or the legacy kind is one', async () => {
    const parts = await read([
      chunkOf({ tool_calls: [{ index: 1, id: 'c', custom: { name: 'exec', input: 'print(1)' } }] }),
      chunkOf({ function_call: { name: 'f', arguments: '{}' } }, { finish_reason: 'function_call' }),
    ])
    expect(parts.filter(({ type }) => type === 'tool_call_end')).toEqual([
      { type: 'tool_call_end', choice: 0, index: 1, id: 'c', name: 'exec', text: 'print(1)' },
      { type: 'tool_call_end', choice: 0, index: 0, id: '', name: 'f', text: '{}' },
    ])
  })
})

it('an error of the source is the last part, and ends no call', async () => {
  const reason = new Error('The cable was cut')
  async function* broken() {
    yield chunkOf({ content: 'Hel', tool_calls: [call({ id: 'a' }, 'f', '{')] })
    throw reason
  }
  expect(await read(broken())).toEqual([
    { type: 'content', choice: 0, text: 'Hel' },
    { type: 'tool_call_start', choice: 0, index: 0, id: 'a', name: 'f' },
    { type: 'tool_call_arguments', choice: 0, index: 0, text: '{' },
    { type: 'error', error: reason },
  ])
})

it('leaving early ends the source', async () => {
  let ended = 0
  async function* source() {
    try {
      for (;;) yield chunkOf({ content: 'x' })
    } finally {
      ended++
    }
  }
  for await (const part of readParts(source())) {
    expect(part.type).toBe('content')
    break
  }
  expect(ended).toBe(1)
})

it('whatever chunks come: the parts are the texts, and every call that starts ends once, with all its arguments', async () => {
  const text = fc.constantFrom('', 'a', 'b')
  const delta = fc.record(
    {
      content: text,
      reasoning: text,
      refusal: text,
      tool_calls: fc.array(
        fc
          .record({ index: fc.nat({ max: 2 }), name: fc.constantFrom(undefined, 'f'), text })
          .map(({ index, name, text: args }) => call({ index }, name, args)),
      ),
    },
    { requiredKeys: [] },
  )
  const chunk = fc
    .tuple(delta, fc.nat({ max: 1 }), fc.constantFrom(null, null, null, 'stop'))
    .map(([fields, index, finish_reason]) => ({
      ...chunkOf({}),
      choices: [{ index, delta: fields, finish_reason }],
    }))
  await fc.assert(
    fc.asyncProperty(fc.array(chunk), async (chunks) => {
      const parts = await read(chunks)
      const choices = chunks.flatMap((one) => one.choices)
      const textsOf = (type: Part['type']) =>
        parts.flatMap((part) => (part.type === type && 'text' in part ? [part.text] : [])).join('')
      expect(textsOf('content')).toBe(choices.map(({ delta: { content } }) => content ?? '').join(''))
      expect(textsOf('reasoning')).toBe(choices.map(({ delta: { reasoning } }) => reasoning ?? '').join(''))
      expect(textsOf('refusal')).toBe(choices.map(({ delta: { refusal } }) => refusal ?? '').join(''))
      const open = new Map<string, string>()
      for (const part of parts) {
        if (!('index' in part)) continue
        const key = `${part.choice} ${part.index}`
        if (part.type === 'tool_call_start') {
          expect(open.has(key)).toBe(false)
          open.set(key, '')
        } else if (part.type === 'tool_call_arguments') {
          open.set(key, `${open.get(key)}${part.text}`)
        } else {
          expect(open.get(key)).toBe(part.text)
          open.delete(key)
        }
      }
      expect([...open]).toEqual([])
    }),
  )
})
