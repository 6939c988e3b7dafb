import { describe, expect, it } from 'vitest'
import { estimateTokens, estimateUsage, streamChatCompletion } from '../../src/index.ts'
import { done, event, question } from './byte-server.ts'

const asking = (events: readonly string[], options = {}) =>
  streamChatCompletion(question, {
    baseURL: 'http://chat.invalid',
    fetch: async () => new Response(events.join('')),
    ...options,
  })

describe('usage', () => {
  const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 }

  it('is the provider’s, when there is one', async () => {
    expect(
      await asking([event({ content: 'Hi' }, 'stop'), event({}, null, { choices: [], usage }), done]).usage(),
    ).toEqual(usage)
  })

  it('is estimated and says so, when there is none', async () => {
    expect(await asking([event({ content: 'Hi there!' }, 'stop'), done]).usage()).toEqual({
      prompt_tokens: 9,
      completion_tokens: 3,
      total_tokens: 12,
      estimated: true,
    })
  })

  it('is estimated for what arrived of a broken answer', async () => {
    expect(await asking([event({ content: 'Hi' })]).usage()).toMatchObject({ completion_tokens: 1, estimated: true })
    expect(await asking([]).usage()).toMatchObject({ completion_tokens: 0, estimated: true })
  })

  it('is counted by a tokenizer, where one is given', async () => {
    const countTokens = (text: string) => text.length
    expect(await asking([event({ content: 'Hi there!' }, 'stop'), done], { countTokens }).usage()).toMatchObject({
      prompt_tokens: 3 + 3 + 'user'.length + 'Hello!'.length,
      completion_tokens: 9,
      estimated: true,
    })
  })
})

describe('estimateUsage', () => {
  it('counts every text, pictures and tools', () => {
    const countTokens = (text: string) => text.length
    const { prompt_tokens } = estimateUsage(
      {
        messages: [
          { role: 'system', content: 'ab', name: 'cd' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'abc' },
              { type: 'image_url', image_url: { url: 'data:…' } },
            ],
          },
          { role: 'assistant', tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }] },
          { role: 'tool', tool_call_id: '1', content: 'ok' },
        ],
      },
      null,
      countTokens,
    )
    expect(prompt_tokens).toBe(3 + (3 + 6 + 2 + 1 + 2) + (3 + 4 + 3 + 765) + (3 + 9 + 3 + 1 + 2) + (3 + 4 + 2))
  })

  it('counts reasoning apart and within the answer', async () => {
    const events = [event({ reasoning_content: 'They greet.' }), event({ content: 'Hi' }, 'stop'), done]
    expect(await asking(events, { countTokens: (text: string) => text.length }).usage()).toMatchObject({
      completion_tokens: 13,
      completion_tokens_details: { reasoning_tokens: 11 },
    })
  })
})

describe('estimateTokens', () => {
  // Counted with o200k_base.
  it.for([
    [
      'English',
      'An example to follow. If your case is better served otherwise, do that and say why in one comment.',
      22,
    ],
    [
      'German',
      'Der Mensch ist frei geboren, und überall liegt er in Ketten. Einer hält sich für den Herrn der anderen.',
      23,
    ],
    ['Russian', 'Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.', 25],
    ['Chinese', '人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。', 35],
    [
      'code',
      'for (const [key, value] of Object.entries(headers)) if (value !== undefined) request.setHeader(key, value)',
      26,
    ],
  ] as const)('is within a fifth for %s', ([, text, tokens]) => {
    expect(estimateTokens(text)).toBeGreaterThan(tokens * 0.8)
    expect(estimateTokens(text)).toBeLessThan(tokens * 1.2)
  })

  it('is nothing for nothing, and at least one for something', () => {
    expect(estimateTokens('')).toBe(0)
    for (const text of ['a', '7', '!', '中', 'é', '😀']) expect(estimateTokens(text)).toBe(1)
  })

  it('takes a time that grows with the text and no faster', () => {
    expect(estimateTokens('é'.repeat(1_000_000))).toBeGreaterThan(0)
    expect(estimateTokens('a'.repeat(1_000_000) + 'é')).toBeGreaterThan(0)
  })
})
