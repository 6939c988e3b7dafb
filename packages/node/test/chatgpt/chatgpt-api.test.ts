import { inspect } from 'node:util'
import { Keyv } from 'keyv'
import { describe, expect, it, vi } from 'vitest'
import { ChatGPTAPI, type ChatGPTAPIOptions, type ChatMessage } from '../../src/chatgpt/index.ts'
import { event, eventsOf } from '../client/byte-server.ts'
import { createModel, says } from '../conversation/model.ts'

function withModel(more: Partial<ChatGPTAPIOptions> = {}, model = createModel()) {
  const api = new ChatGPTAPI({
    apiKey: 'sk-1',
    apiBaseUrl: 'http://chat.invalid',
    fetch: model.fetch,
    maxRetries: 0,
    systemMessage: '',
    ...more,
  })
  return { api, requests: model.requests }
}

const streamed = { stream: true }

describe('ChatGPTAPI', () => {
  it('tells the model who it is and what day it is, unless told otherwise', async () => {
    const { api, requests } = withModel({ systemMessage: undefined })
    await api.sendMessage('Hello!', streamed)
    await api.sendMessage('Hello!', { ...streamed, systemMessage: 'Be brief.' })
    await api.sendMessage('Hello!', { ...streamed, systemMessage: '' })
    expect(requests.map(({ messages }) => messages[0]?.content)).toEqual([
      expect.stringMatching(/^You are ChatGPT.*\n.*\nCurrent date: \d{4}-\d\d-\d\d$/),
      'Be brief.',
      'Hello!',
    ])
  })

  it('keeps messages in a Keyv, and forgets none for an error', async () => {
    const messageStore = new Keyv()
    const { api } = withModel(
      { messageStore },
      createModel(({ messages }) => (messages.length === 1 ? says('Hi') : [event({ content: 'Hel' })])),
    )
    const { id, parentMessageId } = await api.sendMessage('One', { ...streamed, conversationId: 'c1' })
    expect(await messageStore.get(parentMessageId ?? '')).toEqual({
      id: parentMessageId,
      role: 'user',
      text: 'One',
      conversationId: 'c1',
    })
    expect(await messageStore.get(id)).toMatchObject({ role: 'assistant', text: 'Hi', conversationId: 'c1' })
    const messageId = 'q2'
    await expect(api.sendMessage('Two', { ...streamed, messageId, parentMessageId: id })).rejects.toThrow(
      /incomplete_stream/,
    )
    expect(await messageStore.get(messageId)).toBeUndefined()
  })

  it('asks the functions instead of the store, with itself as this', async () => {
    const seen: unknown[] = []
    const api = withModel({
      async getMessageById(this: unknown, id) {
        seen.push(this, id)
        return undefined
      },
      async upsertMessage(this: unknown, { role }) {
        seen.push(this, role)
      },
    }).api
    await api.sendMessage('Hello!', { ...streamed, parentMessageId: 'gone' })
    expect(seen).toEqual([api, 'gone', api, 'user', api, 'assistant'])
  })

  it('reads what the ancestor has left in a store: no role, no text', async () => {
    const store = new Map<string, object>([
      ['a', { id: 'a', text: 'One' }],
      ['b', { id: 'b', role: 'assistant', text: null, parentMessageId: 'a' }],
    ])
    const { api, requests } = withModel({ messageStore: store })
    await api.sendMessage('Two', { ...streamed, parentMessageId: 'b' })
    expect(requests[0]?.messages).toEqual([
      { role: 'user', content: 'One' },
      { role: 'user', content: 'Two' },
    ])
  })

  it('lets the model go on for an empty message', async () => {
    const { api, requests } = withModel()
    const { id } = await api.sendMessage('One', streamed)
    await api.sendMessage('', { ...streamed, parentMessageId: id })
    expect(requests[1]?.messages.map(({ role }) => role)).toEqual(['user', 'assistant'])
  })

  it('drops the oldest turns', async () => {
    const { api, requests } = withModel({
      maxModelTokens: 60,
      maxResponseTokens: 20,
      countTokens: (text) => text.length,
    })
    let parentMessageId: string | undefined
    for (const text of ['One', 'Two', 'Three']) {
      const { id } = await api.sendMessage(text, { ...streamed, parentMessageId })
      parentMessageId = id
    }
    expect(requests.map(({ messages, max_tokens }) => [messages[0]?.content, max_tokens])).toEqual([
      ['One', 20],
      ['Two', 20],
      ['Three', 20],
    ])
  })

  it('sends no max_tokens beside max_completion_tokens, which replaces it', async () => {
    const { api, requests } = withModel({ completionParams: { max_completion_tokens: 500, temperature: undefined } })
    await api.sendMessage('Hello!', streamed)
    expect(requests[0]).toMatchObject({ max_completion_tokens: 500 })
    expect(requests[0]).not.toHaveProperty('max_tokens')
    expect(requests[0]).not.toHaveProperty('temperature')
  })

  it('gives each progress as an object of its own, and each answer an id of its own', async () => {
    const { api } = withModel(
      {},
      createModel(() => eventsOf('Hel', 'lo')),
    )
    const seen: ChatMessage[] = []
    const answer = await api.sendMessage('Hello!', { onProgress: (partial) => seen.push(partial) })
    expect(seen.map(({ text }) => text)).toEqual(['Hel', 'Hello', 'Hello'])
    expect(new Set(seen.map(({ id }) => id))).toEqual(new Set([answer.id]))
    expect(answer.detail?.id).toBe('chatcmpl-1')
    expect((await api.sendMessage('Hello!', streamed)).id).not.toBe(answer.id)
  })

  it('marks a usage that is an estimate, streamed or not', async () => {
    const { api } = withModel(
      {},
      createModel(() => eventsOf('Hi')),
    )
    for (const stream of [true, false])
      expect((await api.sendMessage('Hello!', { stream })).detail?.usage).toMatchObject({ estimated: true })
  })

  it('takes a document without a finish reason for whole, and none that is cut off', async () => {
    const document = JSON.stringify({ choices: [{ message: { role: 'assistant', content: 'Hello there' } }] })
    for (let length = 0; length <= document.length; length += 1) {
      const { api } = withModel(
        {},
        createModel(() => [document.slice(0, length)]),
      )
      const answer = api.sendMessage('Hello!')
      if (length === document.length) expect((await answer).text).toBe('Hello there')
      else await expect(answer).rejects.toThrow(/^OpenAI error/)
    }
  })

  it('sends the key and the organization as they are now', async () => {
    const headers: Headers[] = []
    const fetch: typeof globalThis.fetch = async (_url, init) => {
      headers.push(new Headers(init?.headers))
      return new Response(says('Hi').join(''))
    }
    const { api } = withModel({ fetch, apiOrg: 'org-1' })
    await api.sendMessage('Hello!', streamed)
    api.apiKey = 'sk-2'
    api.apiOrg = undefined
    vi.stubEnv('OPENAI_ORG_ID', 'org-env')
    await api.sendMessage('Hello!', streamed)
    vi.unstubAllEnvs()
    expect(headers.map((all) => [all.get('authorization'), all.get('openai-organization')])).toEqual([
      ['Bearer sk-1', 'org-1'],
      ['Bearer sk-2', null],
    ])
  })

  it('fails with what an onProgress that is async throws, and leaves no rejection to the process', async () => {
    const { api } = withModel()
    const reason = new Error('the screen is gone')
    const onProgress = () => Promise.reject(reason)
    await expect(api.sendMessage('Hello!', { onProgress })).rejects.toBe(reason)
  })

  it('shows its key to nobody who only looks at it', () => {
    const { api } = withModel({ apiKey: 'sk-secret', apiOrg: 'org-1' })
    expect(inspect(api, { depth: Infinity, showHidden: true }) + JSON.stringify(api)).not.toContain('secret')
    expect([api.apiKey, api.apiOrg]).toEqual(['sk-secret', 'org-1'])
  })

  it('tells with debug what it sends, on stderr, and not the key', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
    try {
      await withModel({ debug: true }).api.sendMessage('Hello!', streamed)
      const text = write.mock.calls.join('')
      expect(text).toMatch(/sendMessage \(\d+ tokens\)[^]*Hello!/)
      expect(text).not.toContain('sk-1')
    } finally {
      write.mockRestore()
    }
  })

  it('has its timeout however it is asked: 0 is none', async () => {
    const { api } = withModel()
    await expect(api.sendMessage('Hello!', { ...streamed, timeoutMs: 0 })).resolves.toMatchObject({
      text: 'I was told 1.',
    })
    await expect(api.sendMessage('Hello!', { ...streamed, timeoutMs: -1 })).rejects.toThrow(TypeError)
  })

  it('tries again where there was no answer', async () => {
    let asked = 0
    const fetch: typeof globalThis.fetch = async () =>
      (asked += 1) === 1
        ? new Response('{}', { status: 503, headers: { 'retry-after-ms': '0' } })
        : new Response(says('Hi').join(''))
    await withModel({ fetch, maxRetries: 2 }).api.sendMessage('Hello!', streamed)
    expect(asked).toBe(2)
  })
})
