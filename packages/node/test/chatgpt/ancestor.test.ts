import { ChatGPTAPI as Ancestor, type ChatGPTAPIOptions, type ChatMessage, type SendMessageOptions } from 'chatgpt'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ChatGPTAPI, ChatGPTError } from '../../src/chatgpt/index.ts'
import { done, event, eventsOf } from '../client/byte-server.ts'
import { until } from '../client/manual-time.ts'
import { createModel, createSlowModel, says } from '../conversation/model.ts'

// The faults of `chatgpt@5.2.5`, each shown on it and on what has taken its place.

interface Api {
  sendMessage(text: string, options?: SendMessageOptions): Promise<ChatMessage>
}

const apis: Record<'ancestor' | 'ours', (more: Partial<ChatGPTAPIOptions>) => Api> = {
  ancestor: (more) => new Ancestor({ apiKey: 'sk-1', apiBaseUrl: 'http://chat.invalid/v1', ...more }),
  ours: (more) => {
    const api = new ChatGPTAPI({ apiKey: 'sk-1', apiBaseUrl: 'http://chat.invalid/v1', maxRetries: 0, ...more })
    // What ours gives is what the ancestor's callers take.
    return api satisfies Api
  },
}

const answering = (...events: string[]) => ({ fetch: createModel(() => events).fetch })

const onProgress = (): void => {}

/** How a promise stands after everything that can happen has happened: there is no timer and no network in it. */
async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'rejected' | 'resolved'> {
  let state: 'pending' | 'rejected' | 'resolved' = 'pending'
  promise.then(
    () => (state = 'resolved'),
    () => (state = 'rejected'),
  )
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  return state
}

beforeEach(() => {
  // The ancestor writes about some of its troubles.
  vi.spyOn(console, 'error').mockImplementation(() => {})
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})
afterEach(() => void vi.restoreAllMocks())

describe('usage', () => {
  it('of the server was replaced by an estimate; here it is the server’s', async () => {
    const old = await apis.ancestor(answering(...says('Hi'))).sendMessage('Hello!', { onProgress })
    expect(old.detail?.usage).toMatchObject({ estimated: true })
    expect(old.detail?.usage?.total_tokens).not.toBe(9)
    const ours = await apis.ours(answering(...says('Hi'))).sendMessage('Hello!', { onProgress })
    expect(ours.detail?.usage).toEqual({ prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 })
  })

  it('is not asked for by the ancestor; here it is', async () => {
    const [old, ours] = [createModel(), createModel()]
    await apis.ancestor({ fetch: old.fetch }).sendMessage('Hello!', { onProgress })
    await apis.ours({ fetch: ours.fetch }).sendMessage('Hello!', { onProgress })
    expect(old.requests[0]).not.toHaveProperty('stream_options')
    expect(ours.requests[0]).toMatchObject({ stream_options: { include_usage: true } })
  })
})

describe('the promise', () => {
  it('never settled when a whole answer came without [DONE]; here it resolves', async () => {
    const events = eventsOf('Hi').slice(0, -1)
    expect(await stateOf(apis.ancestor(answering(...events)).sendMessage('Hello!', { onProgress }))).toBe('pending')
    await expect(apis.ours(answering(...events)).sendMessage('Hello!', { onProgress })).resolves.toMatchObject({
      text: 'Hi',
    })
  })

  it('never settled when the stream broke off; here it rejects, with what had arrived', async () => {
    const events = [event({ content: 'Hel' })]
    expect(await stateOf(apis.ancestor(answering(...events)).sendMessage('Hello!', { onProgress }))).toBe('pending')
    const error: unknown = await apis
      .ours(answering(...events))
      .sendMessage('Hello!', { onProgress })
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ChatGPTError)
    expect(error).toMatchObject({ partial: { text: 'Hel', role: 'assistant' }, cause: { code: 'incomplete_stream' } })
  })

  it('never settled when an error came as a document with status 200; here it rejects', async () => {
    const detail = { type: 'invalid_request_error', code: 'bad_model', message: 'no such model' }
    const document = JSON.stringify({ detail })
    expect(await stateOf(apis.ancestor(answering(document)).sendMessage('Hello!', { onProgress }))).toBe('pending')
    await expect(apis.ours(answering(document)).sendMessage('Hello!', { onProgress })).rejects.toThrow(
      /invalid_request_error.*no such/,
    )
  })
})

describe('an error inside the stream', () => {
  const broken = [event({ content: 'Hel' }), 'data: {"error":{"message":"overloaded","type":"server_error"}}\n\n']

  it('passed for the end of the answer where [DONE] followed; here it is an error', async () => {
    const old = await apis.ancestor(answering(...broken, done)).sendMessage('Hello!', { onProgress })
    expect(old.text).toBe('Hel')
    await expect(apis.ours(answering(...broken, done)).sendMessage('Hello!', { onProgress })).rejects.toMatchObject({
      message: 'ChatGPT error overloaded (server_error)',
      partial: { text: 'Hel' },
    })
  })

  it('was swallowed where nothing followed; here it is an error', async () => {
    expect(await stateOf(apis.ancestor(answering(...broken)).sendMessage('Hello!', { onProgress }))).toBe('pending')
    await expect(apis.ours(answering(...broken)).sendMessage('Hello!', { onProgress })).rejects.toThrow(/overloaded/)
  })
})

describe('a character that is cut between two reads', () => {
  const text = '日本語😀'
  const cut = (): { fetch: typeof globalThis.fetch } => {
    const bytes = new TextEncoder().encode(eventsOf(text).join(''))
    const fetch = async () =>
      new Response(
        new ReadableStream({
          start(controller) {
            for (const byte of bytes) controller.enqueue(new Uint8Array([byte]))
            controller.close()
          },
        }),
      )
    return { fetch }
  }

  it('was broken; here it is whole', async () => {
    expect((await apis.ancestor(cut()).sendMessage('Hello!', { onProgress })).text).toContain('�')
    expect((await apis.ours(cut()).sendMessage('Hello!', { onProgress })).text).toBe(text)
  })
})

describe('a question that cannot fit', () => {
  const question = 'frog '.repeat(4_000)

  it('was left out without a word; here it is refused before anything is sent', async () => {
    const [old, ours] = [createModel(), createModel()]
    await apis.ancestor({ fetch: old.fetch }).sendMessage(question, { onProgress })
    expect(old.requests[0]?.messages.map(({ role }) => role)).toEqual(['system'])
    await expect(apis.ours({ fetch: ours.fetch }).sendMessage(question, { onProgress })).rejects.toMatchObject({
      cause: { code: 'context_too_long' },
    })
    expect(ours.requests).toEqual([])
  })
})

describe('a server that gives every answer the same id', () => {
  async function talk(make: (typeof apis)['ours']) {
    const model = createModel(({ messages }) => says(`I was told ${messages.length}.`))
    const api = make({ fetch: model.fetch, systemMessage: '' })
    let parentMessageId: string | undefined
    for (const text of ['One', 'Two', 'Three']) {
      const { id } = await api.sendMessage(text, { onProgress, ...(parentMessageId && { parentMessageId }) })
      parentMessageId = id
    }
    return model.requests.at(-1)?.messages.map(({ content }) => content)
  }

  it('made the history turn in a circle; here it does not', async () => {
    const old = (await talk(apis.ancestor)) ?? []
    expect(old.length).toBeGreaterThan(100)
    expect(new Set(old).size).toBeLessThan(5)
    expect(await talk(apis.ours)).toEqual(['One', 'I was told 1.', 'Two', 'I was told 3.', 'Three'])
  })
})

describe('a timeout beside a signal of the caller’s', () => {
  async function late(make: (typeof apis)['ours']) {
    const model = createSlowModel()
    const progress = vi.fn()
    const answer = make({ fetch: model.fetch }).sendMessage('Hello!', {
      onProgress: progress,
      timeoutMs: 50,
      abortSignal: new AbortController().signal,
    })
    answer.catch(() => {})
    await until(() => model.asked)
    model.say(event({ content: 'Hel' }))
    await expect(answer).rejects.toMatchObject({
      name: 'TimeoutError',
      message: 'OpenAI timed out waiting for response',
    })
    const before = progress.mock.calls.length
    if (!model.cancelled) model.say(event({ content: 'lo' }))
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    return { cancelled: model.cancelled, callsAfterwards: progress.mock.calls.length - before }
  }

  it('rejected and let the request run on; here it ends it', async () => {
    expect(await late(apis.ancestor)).toEqual({ cancelled: false, callsAfterwards: 1 })
    expect(await late(apis.ours)).toEqual({ cancelled: true, callsAfterwards: 0 })
  })
})

describe('what a chunk may hold', () => {
  const choice = (index: number, content: string, finish_reason: string | null = null) =>
    event({}, null, { choices: [{ index, delta: { content }, finish_reason }] })

  it('was mixed where there were several choices; here it is the first of them', async () => {
    const events = [choice(0, 'A'), choice(1, 'B'), choice(0, 'a', 'stop'), choice(1, 'b', 'stop'), done]
    expect((await apis.ancestor(answering(...events)).sendMessage('Hello!', { onProgress })).text).toBe('ABab')
    const ours = await apis.ours(answering(...events)).sendMessage('Hello!', { onProgress })
    expect(ours.text).toBe('Aa')
    expect(ours.detail?.choices).toHaveLength(2)
  })

  it('was lost where it was a call; here it is in the detail', async () => {
    const call = { index: 0, id: 'c1', type: 'function', function: { name: 'weather', arguments: '{}' } }
    const events = [event({ role: 'assistant', tool_calls: [call] }), event({}, 'tool_calls'), done]
    const old = await apis.ancestor(answering(...events)).sendMessage('Hello!', { onProgress })
    expect(JSON.stringify(old)).not.toContain('weather')
    const ours = await apis.ours(answering(...events)).sendMessage('Hello!', { onProgress })
    expect(ours.detail?.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ function: { name: 'weather' } }] },
    })
  })

  it('threw where a choice had no delta; here that adds nothing', async () => {
    const events = [event({ content: 'Hi' }), event({}, null, { choices: [{ index: 0, finish_reason: 'stop' }] }), done]
    await expect(apis.ancestor(answering(...events)).sendMessage('Hello!', { onProgress })).rejects.toThrow(TypeError)
    await expect(apis.ours(answering(...events)).sendMessage('Hello!', { onProgress })).resolves.toMatchObject({
      text: 'Hi',
    })
  })
})

describe('the history', () => {
  async function second(make: (typeof apis)['ours'], first: SendMessageOptions, more: Partial<ChatGPTAPIOptions> = {}) {
    const model = createModel(({ messages }) => says(`I was told ${messages.length}.`))
    const api = make({ fetch: model.fetch, systemMessage: '', ...more })
    const { id } = await api.sendMessage('One '.repeat(400), first)
    await api.sendMessage('Two '.repeat(400), { parentMessageId: id, stream: true })
    return model.requests.at(-1)
  }

  it('lost the name of who had asked; here it is kept', async () => {
    expect((await second(apis.ancestor, { name: 'ann', stream: true }))?.messages[0]).not.toHaveProperty('name')
    expect((await second(apis.ours, { name: 'ann', stream: true }))?.messages[0]).toMatchObject({ name: 'ann' })
  })

  it('left no room for an answer of the caller’s length; here it does', async () => {
    const more = { maxModelTokens: 1_600, maxResponseTokens: 100, completionParams: { max_tokens: 1_000 } }
    // 800 tokens and 1,000 are more than 1,600.
    expect((await second(apis.ancestor, { stream: true }, more))?.messages).toHaveLength(3)
    expect((await second(apis.ours, { stream: true }, more))?.messages).toHaveLength(1)
  })
})

describe('what is the same', () => {
  it.for([
    {},
    { onProgress },
    { stream: true, completionParams: { temperature: 0, top_k: 5 } },
  ] as SendMessageOptions[])('is what is sent: %j', async (sent) => {
    const bodies = await Promise.all(
      [apis.ancestor, apis.ours].map(async (make) => {
        const model = createModel(({ stream }) => (stream === true ? says('Hi') : [completion]))
        const api = make({ fetch: model.fetch, completionParams: { model: 'gpt-4' } })
        await api.sendMessage('Hello!', { name: 'ann', ...sent })
        const { stream_options: _ours, ...body } = model.requests[0] ?? {}
        return body
      }),
    )
    expect(bodies[1]).toEqual(bodies[0])
  })

  it.for([{ stream: false }, { stream: true }])('is what comes back, but for the id: %j', async (sent) => {
    const [old, ours] = await Promise.all(
      [apis.ancestor, apis.ours].map(async (make) => {
        const events = sent.stream ? eventsOf(' Hi ', 'there ') : [completion]
        const api = make(answering(...events))
        const {
          id: _id,
          detail,
          ...rest
        } = await api.sendMessage('Hello!', {
          messageId: 'q1',
          conversationId: 'c1',
          ...sent,
        })
        const { delta: _gone, ...message } = rest
        return {
          ...message,
          detail: { id: detail?.id, object: detail?.object, model: detail?.model, created: detail?.created },
          reason: detail?.choices[0]?.finish_reason,
        }
      }),
    )
    expect(ours).toEqual(old)
  })

  it('is what onProgress is told, but for the id', async () => {
    const [old, ours] = await Promise.all(
      [apis.ancestor, apis.ours].map(async (make) => {
        const seen: unknown[] = []
        await make(answering(...eventsOf('Hel', 'lo'))).sendMessage('Hello!', {
          messageId: 'q1',
          onProgress: ({ text, delta, role, parentMessageId, detail }) =>
            seen.push({ text, delta: delta ?? '', role, parentMessageId, created: detail?.created }),
        })
        return seen
      }),
    )
    expect(ours).toEqual(old)
  })

  it.for([true, false])('is the error of a status, streamed or not: %j', async (stream) => {
    const fetch = async () => new Response('{"error":{"message":"no"}}', { status: 401, statusText: 'Unauthorized' })
    const [old, ours] = await Promise.all(
      [apis.ancestor, apis.ours].map(async (make) => {
        const error: unknown = await make({ fetch })
          .sendMessage('Hello!', { stream })
          .catch((reason: unknown) => reason)
        const { name, message, statusCode, statusText } = error as ChatGPTError
        return { name, message, statusCode, statusText }
      }),
    )
    expect(ours).toEqual(old)
  })

  it('is the reason of an abort, and what onProgress throws', async () => {
    const reason = new Error('mine')
    for (const make of [apis.ancestor, apis.ours]) {
      const throwing = () => {
        throw reason
      }
      await expect(make(answering(...eventsOf('Hi'))).sendMessage('Hello!', { onProgress: throwing })).rejects.toBe(
        reason,
      )
    }
    const controller = new AbortController()
    const model = createSlowModel()
    const answer = apis.ours({ fetch: model.fetch }).sendMessage('Hello!', { abortSignal: controller.signal })
    await until(() => model.asked)
    controller.abort()
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('are the errors of the constructor', () => {
    for (const make of [apis.ancestor, apis.ours]) {
      expect(() => make({ apiKey: '' })).toThrow('OpenAI missing required apiKey')
      // @ts-expect-error no function
      expect(() => make({ fetch: 5 })).toThrow('Invalid "fetch" is not a function')
      // @ts-expect-error no function either
      expect(() => make({ fetch: null })).toThrow('Invalid environment; fetch is not defined')
    }
  })

  it('is the store: each goes on with what the other has written', async () => {
    const store = new Map<string, ChatMessage>()
    const functions = {
      getMessageById: async (id: string) => store.get(id) as ChatMessage,
      upsertMessage: async (message: ChatMessage) => void store.set(message.id, message),
    }
    const model = createModel(({ messages }) => says(`I was told ${messages.length}.`))
    const shared = { ...functions, fetch: model.fetch, systemMessage: '' }
    const [old, ours] = [apis.ancestor(shared), apis.ours(shared)]
    const first = await old.sendMessage('One', { onProgress })
    const second = await ours.sendMessage('Two', { onProgress, parentMessageId: first.id })
    const third = await old.sendMessage('Three', { onProgress, parentMessageId: second.id })
    expect(third.text).toBe('I was told 5.')
    expect(model.requests.at(-1)?.messages.map(({ content }) => content)).toEqual([
      'One',
      'I was told 1.',
      'Two',
      'I was told 3.',
      'Three',
    ])
  })
})

const completion = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1750000000,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: ' Hi ' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
})
