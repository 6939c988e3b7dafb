import { describe, expect, it } from 'vitest'
import type { ChatCompletionChunk, ChunkChoice } from '../src/chunk.ts'
import { toStreamResponse } from '../src/stream-response.ts'

const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 }

function chunkOf(...choices: ChunkChoice[]): ChatCompletionChunk {
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_694_268_190, model: 'gpt-4o', choices }
}

function choiceOf(delta: ChunkChoice['delta'], rest: Partial<ChunkChoice> = {}): ChunkChoice {
  return { index: 0, delta, finish_reason: null, ...rest }
}

function onlyChoice(...choices: ChunkChoice[]) {
  return toStreamResponse(chunkOf(...choices), usage).choices[0]
}

describe('toStreamResponse', () => {
  it('gives the whole object that the ancestor documented', () => {
    const sum = chunkOf(choiceOf({ role: 'assistant', content: 'Hello world' }, { finish_reason: 'stop' }))
    expect(toStreamResponse(sum, usage)).toStrictEqual({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1_694_268_190,
      model: 'gpt-4o',
      choices: [{ delta: { role: 'assistant', content: 'Hello world' }, index: 0, finish_reason: 'stop' }],
      usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11, estimated: true },
    })
  })

  it('leaves out what the ancestor had no key for', () => {
    const rich: ChatCompletionChunk = {
      ...chunkOf({
        ...choiceOf({ refusal: 'no', reasoning: 'hm', tool_calls: [{ index: 0, id: 'call_a' }] }),
        logprobs: { content: [], refusal: null },
      }),
      service_tier: 'default',
      system_fingerprint: 'fp_1',
      usage: { ...usage, prompt_tokens_details: { cached_tokens: 3 } },
    }
    expect(toStreamResponse(rich, usage)).toStrictEqual(toStreamResponse(chunkOf(choiceOf({})), usage))
  })

  it('takes three numbers of the usage it is given and calls them estimated', () => {
    const counted = { ...usage, completion_tokens_details: { reasoning_tokens: 1 } }
    expect(toStreamResponse(chunkOf(), counted).usage).toStrictEqual({ ...usage, estimated: true })
  })

  it('prefers the estimate it is given to a usage that the server sent', () => {
    const last = { ...chunkOf(), usage: { prompt_tokens: 99, completion_tokens: 7, total_tokens: 106 } }
    expect(toStreamResponse(last, usage).usage).toStrictEqual({ ...usage, estimated: true })
  })

  it('gives a choice that adds nothing for a chunk without choices', () => {
    expect(toStreamResponse(chunkOf(), usage).choices).toStrictEqual([
      { delta: { role: 'assistant' }, index: 0, finish_reason: null },
    ])
  })

  it('takes the choice with the lowest index, wherever it stands in the list', () => {
    const second = choiceOf({ content: 'B' }, { index: 1 })
    const first = choiceOf({ content: 'A' }, { finish_reason: 'length' })
    expect(onlyChoice(second, first)).toStrictEqual(onlyChoice(first, second))
    expect(onlyChoice(second, first)).toMatchObject({ index: 0, delta: { content: 'A' }, finish_reason: 'length' })
  })

  it('keeps the index of a choice that came alone', () => {
    expect(onlyChoice(choiceOf({ content: 'B' }, { index: 1 }))).toMatchObject({ index: 1, delta: { content: 'B' } })
  })

  it('keeps a finish reason that a provider invented', () => {
    expect(onlyChoice(choiceOf({}, { finish_reason: 'eos' })).finish_reason).toBe('eos')
  })

  it('joins the text of typed parts and leaves the other parts out', () => {
    const content = [
      { type: 'thinking', text: 'hm' },
      { type: 'text', text: 'Hel' },
      { type: 'reference' },
      { type: 'text', text: 'lo' },
    ]
    expect(onlyChoice(choiceOf({ content })).delta.content).toBe('Hello')
  })

  it('has no content where the chunk said nothing', () => {
    for (const delta of [{}, { content: null }, { content: [] }, { content: [{ type: 'thinking' }] }])
      expect(onlyChoice(choiceOf(delta)).delta).toStrictEqual({ role: 'assistant' })
  })

  it('keeps the empty text of a first delta', () => {
    expect(onlyChoice(choiceOf({ content: '' })).delta.content).toBe('')
  })

  it('puts the text of a whole message before the deltas that came after it', () => {
    const sum = choiceOf({ content: '!' }, { whole_message: { role: 'assistant', content: 'Hello' } })
    expect(onlyChoice(sum).delta).toStrictEqual({ role: 'assistant', content: 'Hello!' })
  })

  it.each([
    ['user', 'user'],
    ['system', 'system'],
    ['assistant', 'assistant'],
    ['developer', 'assistant'],
    ['tool', 'assistant'],
    ['model', 'assistant'],
    ['', 'assistant'],
    [undefined, 'assistant'],
  ] as const)('turns the role %j into %j', (role, expected) => {
    expect(onlyChoice(choiceOf(role === undefined ? {} : { role })).delta.role).toBe(expected)
  })

  it('changes neither argument and shares nothing with them', () => {
    const chunk = Object.freeze(chunkOf(Object.freeze(choiceOf(Object.freeze({ content: 'x' })))))
    const response = toStreamResponse(chunk, Object.freeze({ ...usage }))
    response.choices[0].delta.content = 'y'
    response.usage.total_tokens = 0
    expect(chunk.choices[0]?.delta.content).toBe('x')
  })
})
