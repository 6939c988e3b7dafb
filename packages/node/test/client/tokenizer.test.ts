import { countTokens as o200k } from 'gpt-tokenizer/encoding/o200k_base'
import { countTokens as cl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createConversation, loadTokenizer, streamChatCompletion } from '../../src/index.ts'
import { createModel, options, says } from '../conversation/model.ts'
import { done, event, question } from './byte-server.ts'

const text = 'Der Mensch ist frei geboren, 人人生而自由，и все счастливые семьи 😀'

afterEach(() => {
  vi.doUnmock('gpt-tokenizer/encoding/o200k_base')
  vi.resetModules()
})

describe('loadTokenizer', () => {
  it.for(['gpt-4o', 'gpt-4.1-mini', 'gpt-5', 'o3', 'openai/gpt-4o-mini', 'chatgpt-4o-latest', 'claude-sonnet', ''])(
    'counts for %j with the newer encoding',
    async (model) => {
      expect((await loadTokenizer(model))(text)).toBe(o200k(text))
    },
  )

  it.for(['gpt-4', 'gpt-4-turbo', 'gpt-3.5-turbo', 'openai/gpt-4-0613'])(
    'counts for %j with the older encoding',
    async (model) => {
      expect((await loadTokenizer(model))(text)).toBe(cl100k(text))
      expect(cl100k(text)).not.toBe(o200k(text))
    },
  )

  it('takes special tokens for the text that they are', async () => {
    expect((await loadTokenizer('gpt-4o'))('a<|endoftext|>b')).toBeGreaterThan(3)
  })

  it('takes a time that grows with the text and no faster', async () => {
    const countTokens = await loadTokenizer('gpt-4o')
    // In one piece that is half a minute.
    expect(countTokens('é'.repeat(100_000))).toBeGreaterThan(10_000)
    const long = `${'ab'.repeat(700)} and ${' '.repeat(1_200)} and ${'!?'.repeat(400)}`
    expect(Math.abs(countTokens(long) - o200k(long))).toBeLessThanOrEqual(8)
  })

  it('says what to install when the package is not there', async () => {
    vi.doMock('gpt-tokenizer/encoding/o200k_base', () => {
      throw new Error('Cannot find package')
    })
    vi.resetModules()
    const { loadTokenizer: load } = await import('../../src/tokenizer.ts')
    await expect(load('gpt-4o')).rejects.toThrow(/npm install gpt-tokenizer/)
  })
})

describe("countTokens: 'gpt-tokenizer'", () => {
  const exact = { countTokens: 'gpt-tokenizer' } as const
  const ask = (events: string[], more: object) =>
    streamChatCompletion(
      { ...question, model: 'gpt-4' },
      { baseURL: 'http://chat.invalid', fetch: async () => new Response(events.join('')), ...more },
    )

  it('counts the usage that a server does not tell', async () => {
    const { completion_tokens, estimated } = await ask([event({ content: text }, 'stop'), done], exact).usage()
    expect({ completion_tokens, estimated }).toEqual({ completion_tokens: cl100k(text), estimated: true })
  })

  it('counts nothing that the server has told', async () => {
    expect(await ask(says('Hi'), exact).usage()).toEqual({ prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 })
  })

  it('counts a conversation', async () => {
    const conversation = createConversation({ model: 'gpt-4' }, { ...options(createModel()), ...exact })
    const { tokens } = await conversation.send(text).context()
    expect(tokens).toBe(3 + 3 + cl100k('user') + cl100k(text))
  })

  it('is no other word', async () => {
    const answer = ask([event({ content: 'Hi' }, 'stop'), done], { countTokens: 'tiktoken' })
    await expect(answer.usage()).rejects.toThrow(/countTokens must be a function or 'gpt-tokenizer'/)
    expect(await answer.text()).toBe('Hi')
  })
})
