import { textOf } from '@deltawire/core'
import { describe, expect, it } from 'vitest'
import { type ConversationOptions, createConversation, type MessageStore, type Progress } from '../../src/index.ts'
import { event } from '../client/byte-server.ts'
import { createManualTime, until } from '../client/manual-time.ts'
import { createModel, createSlowModel, options, says } from './model.ts'

const demo = { model: 'demo' }

function withModel(model = createModel(), more: ConversationOptions = {}) {
  const store = new Map<string, object>()
  const conversation = createConversation(demo, { ...options(model), store, ...more })
  return { conversation, store, requests: model.requests }
}

const told = ({ messages }: { messages: unknown[] }) => messages

describe('a conversation', () => {
  it('goes on: each question is asked with everything before it', async () => {
    const { conversation, requests } = withModel(createModel(() => says('Hello Ann.')))
    expect(await conversation.send('I am Ann.').text()).toBe('Hello Ann.')
    expect(await conversation.send('Who am I?').text()).toBe('Hello Ann.')
    expect(requests.map(told)).toEqual([
      [{ role: 'user', content: 'I am Ann.' }],
      [
        { role: 'user', content: 'I am Ann.' },
        { role: 'assistant', content: 'Hello Ann.' },
        { role: 'user', content: 'Who am I?' },
      ],
    ])
  })

  it('begins every request with the messages of its own, which are not stored', async () => {
    const model = createModel()
    const system = { role: 'system' as const, content: 'Be brief.' }
    const store = new Map<string, object>()
    const conversation = createConversation({ ...demo, messages: [system] }, { ...options(model), store })
    await conversation.send('One').text()
    await conversation.send('Two').text()
    expect(model.requests.map(({ messages }) => messages[0])).toEqual([system, system])
    expect(store.size).toBe(4)
  })

  it('stores question and answer, each knowing what it follows', async () => {
    const time = createManualTime()
    const { conversation, store } = withModel(
      createModel(() => says('Hi', '!')),
      { time },
    )
    const message = await conversation.send('Hello!', { messageId: 'q1', name: 'ann' }).message()
    expect(store.get('q1')).toEqual({
      id: 'q1',
      parentMessageId: null,
      createdAt: time.date(),
      message: { role: 'user', content: 'Hello!', name: 'ann' },
    })
    expect(message).toEqual({
      id: conversation.parentMessageId,
      parentMessageId: 'q1',
      createdAt: time.date(),
      message: { role: 'assistant', content: 'Hi!' },
      answer: {
        complete: true,
        completionId: 'chatcmpl-1',
        model: 'm',
        finishReason: 'stop',
        usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
      },
    })
    expect(store.get(message.id)).toEqual(message)
    expect(await conversation.message('q1')).toEqual(store.get('q1'))
    expect(await conversation.message('nobody')).toBeUndefined()
    expect(await conversation.history()).toEqual([store.get('q1'), message])
  })

  it('makes ids of its own, whatever the server calls its answers', async () => {
    const { conversation } = withModel()
    const first = await conversation.send('One').message()
    const second = await conversation.send('Two').message()
    expect(first.id).not.toBe(second.id)
    expect(first.answer?.completionId).toBe(second.answer?.completionId)
  })

  it('branches where a message is followed again, and begins anew for null', async () => {
    const { conversation, requests } = withModel()
    const first = await conversation.send('One').message()
    await conversation.send('Two').text()
    await conversation.send('Other', { parentMessageId: first.id }).text()
    await conversation.send('Anew', { parentMessageId: null }).text()
    const questions = requests.map(({ messages }) =>
      messages.filter(({ role }) => role === 'user').map(({ content }) => content),
    )
    expect(questions).toEqual([['One'], ['One', 'Two'], ['One', 'Other'], ['Anew']])
  })

  it('goes on in another process, by the store and one id', async () => {
    const { conversation, store } = withModel()
    await conversation.send('One').text()
    const { parentMessageId } = conversation
    const model = createModel()
    const other = createConversation(demo, { ...options(model), store, parentMessageId })
    expect(await other.send('Two').text()).toBe('I was told 3.')
  })

  it('sends parts of messages as they are', async () => {
    const { conversation, requests } = withModel()
    const parts = [
      { type: 'text' as const, text: 'What is this?' },
      { type: 'image_url' as const, image_url: { url: 'data:,' } },
    ]
    await conversation.send(parts).text()
    expect(requests[0]?.messages).toEqual([{ role: 'user', content: parts }])
  })

  it('asks one question otherwise', async () => {
    const { conversation, requests } = withModel()
    await conversation.send('Hello!', { request: { model: 'other', temperature: 0 } }).text()
    expect(requests[0]).toMatchObject({ model: 'other', temperature: 0, stream: true })
  })

  it('goes on after tools with their results', async () => {
    const call = { index: 0, id: 'c1', type: 'function', function: { name: 'weather', arguments: '{}' } }
    const model = createModel(({ messages }) =>
      messages.at(-1)?.role === 'tool'
        ? says('Sunny.')
        : [event({ reasoning_content: 'Hm.', tool_calls: [call] }), event({}, 'tool_calls'), 'data: [DONE]\n\n'],
    )
    const { conversation, requests, store } = withModel(model)
    const { message } = await conversation.send('Weather?').message()
    expect(message).toMatchObject({ role: 'assistant', content: null, tool_calls: [{ id: 'c1' }] })
    const result = { role: 'tool' as const, tool_call_id: 'c1', content: '20 °C' }
    expect(await conversation.send([result]).text()).toBe('Sunny.')
    // Reasoning goes back while tools are answered, and not later.
    expect(requests[1]?.messages[1]).toMatchObject({ reasoning_content: 'Hm.', tool_calls: [{ id: 'c1' }] })
    expect(requests[1]?.messages[2]).toEqual(result)
    await conversation.send('Thanks!').text()
    expect(requests[2]?.messages[1]).not.toHaveProperty('reasoning_content')
    expect(requests[2]?.messages[1]).toHaveProperty('tool_calls')
    expect(store.size).toBe(6)
  })

  it('leaves out calls that nobody answered when the talk goes on', async () => {
    const call = { index: 0, id: 'c1', type: 'function', function: { name: 'weather', arguments: '{}' } }
    const model = createModel(({ messages }) =>
      messages.length === 1 ? [event({ tool_calls: [call] }, 'tool_calls'), 'data: [DONE]\n\n'] : says('Hi'),
    )
    const { conversation, requests } = withModel(model)
    await conversation.send('Weather?').text()
    await conversation.send('Never mind.').text()
    expect(requests[1]?.messages).toEqual([
      { role: 'user', content: 'Weather?' },
      { role: 'user', content: 'Never mind.' },
    ])
  })
})

describe('what send gives', () => {
  it('is the stream of chunks, and the answer is stored when the loop is done', async () => {
    const { conversation, store } = withModel(createModel(() => says('Hel', 'lo')))
    const answer = conversation.send('Hello!')
    let text = ''
    for await (const chunk of answer) text += textOf(chunk)
    expect(text).toBe('Hello')
    expect(store.get(answer.id)).toMatchObject({ message: { content: 'Hello' } })
    expect(answer.questionId).toBe((await answer.message()).parentMessageId)
    expect(conversation.parentMessageId).toBe(answer.id)
  })

  it('sends and stores nothing before something is asked for', async () => {
    const { conversation, store, requests } = withModel()
    const answer = conversation.send('Hello!')
    const { messages, tokens, dropped } = await answer.context()
    expect({ messages, dropped, asked: requests.length, stored: store.size }).toEqual({
      messages: [{ role: 'user', content: 'Hello!' }],
      dropped: [],
      asked: 0,
      stored: 0,
    })
    expect(tokens).toBeGreaterThan(0)
    await answer.text()
    expect(store.size).toBe(2)
  })

  it('stores the question before the answer has come', async () => {
    const model = createSlowModel()
    const store = new Map<string, object>()
    const answer = createConversation(demo, { ...options(model), store }).send('Hello!', { messageId: 'q1' })
    const text = answer.text()
    await until(() => model.asked)
    expect([...store.keys()]).toEqual(['q1'])
    model.say(...says('Hi'))
    expect(await text).toBe('Hi')
  })

  it('tells the progress: the delta, the text so far and the chunk', async () => {
    const { conversation } = withModel(createModel(() => says('Hel', 'lo')))
    const seen: Progress[] = []
    const answer = conversation.send('Hello!', { onProgress: (progress) => void seen.push(progress) })
    const { message } = await answer.message()
    expect(message.content).toBe('Hello')
    expect(seen.slice(0, 2).map(({ delta, text, chunk }) => [delta, text, textOf(chunk)])).toEqual([
      ['Hel', 'Hel', 'Hel'],
      ['lo', 'Hello', 'lo'],
    ])
  })

  it('breaks with what onProgress throws, and keeps what had arrived', async () => {
    const { conversation } = withModel(createModel(() => says('Hel', 'lo')))
    const reason = new Error('the socket is gone')
    const onProgress = ({ text }: Progress) => (text === 'Hello' ? Promise.reject(reason) : undefined)
    const answer = conversation.send('Hello!', { onProgress })
    await expect(answer.message()).rejects.toBe(reason)
    expect((await answer.result()).message).toMatchObject({
      message: { content: 'Hello' },
      answer: { complete: false, error: { name: 'Error', message: 'the socket is gone' } },
    })
  })

  it('knows its usage, estimated where the server says nothing', async () => {
    const { conversation } = withModel(createModel(() => [event({ content: 'Hi there!' }, 'stop'), 'data: [DONE]\n\n']))
    const answer = conversation.send('Hello!')
    expect(await answer.usage()).toEqual({
      prompt_tokens: 9,
      completion_tokens: 3,
      total_tokens: 12,
      estimated: true,
    })
    expect((await answer.message()).answer?.usage).toEqual(await answer.usage())
  })

  it.for([
    ['text that is empty', ''],
    ['no part', []],
    ['no question', undefined],
    ['no part that is one', [null]],
    ['a message of a role that it makes itself', [{ role: 'user', content: 'Hello!' }]],
  ] as const)('is nothing for %s', ([, question]) => {
    const { conversation } = withModel()
    // @ts-expect-error not what send takes, some of it
    expect(() => conversation.send(question)).toThrow(/send takes text .*send\('Hello!'\)/)
  })

  it('is nothing for options that are none', () => {
    const { conversation } = withModel()
    expect(() => conversation.send('Hello!', { totalTimeoutMs: -1 })).toThrow(/totalTimeoutMs must be/)
    expect(() => withModel(createModel(), { contextTokens: Number.NaN })).toThrow(/contextTokens must be/)
    // @ts-expect-error no store
    expect(() => withModel(createModel(), { store: {} })).toThrow(/store must have get and set/)
  })
})

describe('an answer that does not end well', () => {
  const partial = { complete: false, finishReason: null, usage: { estimated: true } }

  it('is kept when the stream breaks, and marked', async () => {
    const { conversation, store, requests } = withModel(
      createModel(({ messages }) => (messages.length === 1 ? [event({ content: 'Hel' })] : says('Hi'))),
    )
    const answer = conversation.send('Hello!')
    await expect(answer.message()).rejects.toMatchObject({ code: 'incomplete_stream' })
    const { message, error } = await answer.result()
    expect(error).toMatchObject({ code: 'incomplete_stream' })
    expect(message).toMatchObject({
      message: { role: 'assistant', content: 'Hel' },
      answer: { ...partial, error: { name: 'StreamError', code: 'incomplete_stream' } },
    })
    expect(store.get(answer.id)).toEqual(message)
    await conversation.send('Go on.').text()
    expect(requests[1]?.messages.map(({ content }) => content)).toEqual(['Hello!', 'Hel', 'Go on.'])
  })

  it('is kept when the loop is left, which waits until it is', async () => {
    let writing = 0
    const store = new Map<string, object>()
    const slow: MessageStore = {
      get: (id) => store.get(id),
      async set(id, value) {
        writing += 1
        await new Promise((resolve) => setImmediate(resolve))
        store.set(id, value)
        writing -= 1
      },
    }
    const conversation = createConversation(demo, { ...options(createModel(() => says('Hel', 'lo'))), store: slow })
    const answer = conversation.send('Hello!')
    for await (const chunk of answer) if (textOf(chunk) === 'Hel') break
    expect(writing).toBe(0)
    expect(store.get(answer.id)).toMatchObject({
      message: { content: 'Hel' },
      answer: { error: { name: 'AbortError' } },
    })
  })

  it('is kept when it is aborted, also when its reader never comes back', async () => {
    const model = createSlowModel()
    const store = new Map<string, object>()
    const controller = new AbortController()
    const conversation = createConversation(demo, { ...options(model), store })
    const answer = conversation.send('Hello!', { signal: controller.signal })
    const reader = answer[Symbol.asyncIterator]()
    const first = reader.next()
    await until(() => model.asked)
    model.say(event({ content: 'Hel' }))
    await first
    controller.abort(new Error('the client has gone'))
    await until(() => store.has(answer.id))
    expect(model.cancelled).toBe(true)
    expect(store.get(answer.id)).toMatchObject({
      message: { content: 'Hel' },
      answer: { complete: false, error: { message: 'the client has gone' } },
    })
    await expect(reader.next()).rejects.toThrow('the client has gone')
  })

  it('is kept when its time is over', async () => {
    const time = createManualTime()
    const model = createSlowModel()
    const store = new Map<string, object>()
    const conversation = createConversation(demo, { ...options(model), store, time, totalTimeoutMs: 60_000 })
    const answer = conversation.send('Hello!', { totalTimeoutMs: 1_000 })
    const reader = answer[Symbol.asyncIterator]()
    const first = reader.next()
    await until(() => model.asked)
    model.say(event({ content: 'Hel' }))
    await first
    const second = reader.next()
    time.advance(1_000)
    await expect(second).rejects.toMatchObject({ code: 'timeout', details: { phase: 'total' } })
    expect(store.get(answer.id)).toMatchObject({ message: { content: 'Hel' }, answer: { error: { code: 'timeout' } } })
  })

  it('is not there when nothing had arrived, and the talk goes on from before', async () => {
    const { conversation, store } = withModel(
      createModel(({ messages }) => (messages.length === 3 ? [] : says('Hi'))),
      { maxRetries: 0 },
    )
    const first = await conversation.send('One').message()
    const answer = conversation.send('Two')
    expect(await answer.result()).toMatchObject({ completion: null, message: null, error: { code: 'no_chunk' } })
    expect(conversation.parentMessageId).toBe(first.id)
    expect(store.size).toBe(3)
  })

  it('asks nothing when it was aborted before', async () => {
    const { conversation, store, requests } = withModel()
    const reason = new Error('never mind')
    const answer = conversation.send('Hello!', { signal: AbortSignal.abort(reason) })
    await expect(answer.text()).rejects.toBe(reason)
    expect([requests.length, store.size]).toEqual([0, 0])
  })

  it('does not wait for a store that hangs', async () => {
    const controller = new AbortController()
    const store: MessageStore = { get: () => new Promise(() => {}), set: () => {} }
    const conversation = createConversation(demo, { ...options(createModel()), store, parentMessageId: 'm1' })
    const text = conversation.send('Hello!', { signal: controller.signal }).text()
    controller.abort(new Error('enough'))
    await expect(text).rejects.toThrow('enough')
  })
})

describe('the time of an answer', () => {
  it('is over also when the store hangs', async () => {
    const time = createManualTime()
    const store: MessageStore = { get: () => undefined, set: () => new Promise(() => {}) }
    const conversation = createConversation(demo, { ...options(createModel()), store, time })
    const text = conversation.send('Hello!', { totalTimeoutMs: 1_000 }).text()
    await until(() => time.running === 1)
    time.advance(1_000)
    await expect(text).rejects.toMatchObject({ code: 'timeout', details: { phase: 'total' } })
    expect(time.running).toBe(0)
  })

  it.for(['abort', 'timeout'])('is over also when onProgress does not come back (%s)', async (how) => {
    const time = createManualTime()
    const model = createSlowModel()
    const store = new Map<string, object>()
    const conversation = createConversation(demo, { ...options(model), store, time, totalTimeoutMs: 1_000 })
    let isTold = false
    const onProgress = (): Promise<void> => {
      isTold = true
      return new Promise(() => {})
    }
    const answer = conversation.send('Hello!', { onProgress })
    const result = answer.result()
    await until(() => model.asked)
    model.say(event({ content: 'Hel' }))
    await until(() => isTold)
    if (how === 'abort') answer.abort()
    else time.advance(1_000)
    expect(await result).toMatchObject({
      error: { name: how === 'abort' ? 'AbortError' : 'StreamError' },
      message: { id: answer.id, message: { content: 'Hel' }, answer: { complete: false } },
    })
    expect(store.has(answer.id)).toBe(true)
  })
})

describe('the store', () => {
  it('that does not have the message to follow is an error, and nothing is asked', async () => {
    const { conversation, requests, store } = withModel()
    const answer = conversation.send('Hello!', { parentMessageId: 'gone' })
    await expect(answer.text()).rejects.toMatchObject({
      name: 'ConversationError',
      code: 'unknown_message',
      details: { messageId: 'gone' },
    })
    expect([requests.length, store.size]).toEqual([0, 0])
  })

  it('that has forgotten what came earlier is told of, and the rest is sent', async () => {
    const { conversation, store } = withModel()
    const first = await conversation.send('One', { messageId: 'q1' }).message()
    await conversation.send('Two').text()
    store.delete(first.id)
    const answer = conversation.send('Three')
    const { unread, messages } = await answer.context()
    expect(unread).toEqual({ messageId: first.id, why: 'missing' })
    expect(messages.map(({ content }) => content)).toEqual(['Two', 'I was told 3.', 'Three'])
  })

  it('has its messages replaced by nobody: an id that is taken is refused', async () => {
    const { conversation, store, requests } = withModel()
    await conversation.send('One', { messageId: 'q1' }).text()
    const before = structuredClone(store)
    await expect(conversation.send('Two', { messageId: 'q1' }).text()).rejects.toMatchObject({
      code: 'duplicate_message',
    })
    expect(store).toEqual(before)
    expect(requests).toHaveLength(1)
  })

  it('takes the same question again under its id, for who got no answer', async () => {
    let asked = 0
    const model = createModel(() => ((asked += 1) === 1 ? [] : says('Hi')))
    const { conversation, store, requests } = withModel(model, { maxRetries: 0 })
    await expect(conversation.send('One', { messageId: 'q1' }).text()).rejects.toMatchObject({ code: 'no_chunk' })
    expect(await conversation.send('One', { messageId: 'q1' }).text()).toBe('Hi')
    expect(store.size).toBe(2)
    expect(requests[1]).toEqual(requests[0])
  })

  it('that fails is an error which says so; the answer is not lost', async () => {
    const reason = new Error('ECONNREFUSED')
    let writes = 0
    const store: MessageStore = {
      get: () => undefined,
      set: () => ((writes += 1) === 1 ? true : Promise.reject(reason)),
    }
    const { conversation } = withModel(createModel(), { store })
    const answer = conversation.send('Hello!')
    const { completion, error, message } = await answer.result()
    expect(completion && textOf(completion)).toBe('I was told 1.')
    expect(error).toMatchObject({ code: 'store_failed', cause: reason })
    expect(message).toBeNull()
    const chunks = conversation.send('Hello!')
    await expect(
      (async () => {
        for await (const _chunk of chunks);
      })(),
    ).rejects.toMatchObject({ code: 'store_failed' })
  })

  it('that says it could not write, as Keyv does, has failed too', async () => {
    const { conversation, requests } = withModel(createModel(), { store: { get: () => undefined, set: () => false } })
    await expect(conversation.send('Hello!').text()).rejects.toMatchObject({
      code: 'store_failed',
      details: { action: 'write' },
    })
    expect(requests).toHaveLength(0)
  })

  it.for([5, 'text', [], { id: 'other', parentMessageId: null, message: { role: 'user' } }, { id: 'm1' }])(
    'that holds something else is an error: %j',
    async (value) => {
      const store = new Map<string, object>([['m1', value as object]])
      const { conversation } = withModel(createModel(), { store, parentMessageId: 'm1' })
      await expect(conversation.send('Hello!').text()).rejects.toMatchObject({ code: 'invalid_message' })
    },
  )

  it('of others that turns in a circle is read once round', async () => {
    const node = (id: string, parentMessageId: string, content: string) => ({
      id,
      parentMessageId,
      createdAt: 0,
      message: { role: 'user', content },
    })
    const store = new Map<string, object>([
      ['a', node('a', 'b', 'A')],
      ['b', node('b', 'a', 'B')],
    ])
    const { conversation } = withModel(createModel(), { store, parentMessageId: 'a' })
    const { messages, unread } = await conversation.send('C').context()
    expect(messages.map(({ content }) => content)).toEqual(['B', 'A', 'C'])
    expect(unread).toEqual({ messageId: 'a', why: 'cycle' })
  })

  it('that is read no further back than to the results of tools has these left out: servers refuse them without their calls', async () => {
    const calls = [{ index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }]
    const model = createModel(({ messages }) =>
      messages.length === 1
        ? [event({ tool_calls: calls }), event({}, 'tool_calls'), ...says().slice(-1)]
        : says('Yes.'),
    )
    const { conversation } = withModel(model, { maxMessages: 4 })
    await conversation.send('One').text()
    await conversation.send([{ role: 'tool', tool_call_id: 'c1', content: 'found' }]).text()
    await conversation.send('Two').text()
    const { messages, unread } = await conversation.send('Three').context()
    expect(unread).toMatchObject({ why: 'limit' })
    expect(messages.map(({ content }) => content)).toEqual(['Yes.', 'Two', 'Yes.', 'Three'])
  })

  it('is not read for ever', async () => {
    const { conversation } = withModel(createModel(), { maxMessages: 2 })
    const first = await conversation.send('One').message()
    await conversation.send('Two').text()
    const { messages, unread } = await conversation.send('Three').context()
    expect(messages.map(({ content }) => content)).toEqual(['Two', 'I was told 3.', 'Three'])
    expect(unread).toEqual({ messageId: first.id, why: 'limit' })
  })
})

describe('the budget', () => {
  const countTokens = (text: string) => text.length

  it('drops whole turns, the oldest first, and says which', async () => {
    const { conversation, requests } = withModel(
      createModel(() => says('Yes.')),
      { contextTokens: 100, answerTokens: 20, countTokens },
    )
    for (const question of ['One?', 'Two?', 'Three?']) await conversation.send(question).text()
    const answer = conversation.send('Four?')
    const { dropped, tokens, messages } = await answer.context()
    expect(dropped.map(({ message }) => message.content)).toEqual(['One?', 'Yes.'])
    expect(dropped[0]).toHaveProperty('id')
    expect(tokens).toBeLessThanOrEqual(80)
    await answer.text()
    expect(requests.at(-1)?.messages).toEqual(messages)
    expect(messages.map(({ content }) => content)).toEqual(['Two?', 'Yes.', 'Three?', 'Yes.', 'Four?'])
  })

  it.for<[what: string, countTokens: () => unknown]>([
    ['nothing', () => Number.NaN],
    ['a promise', async () => 5],
  ])('is not held by a function that counts %s, which is told', async ([, wrong]) => {
    const { conversation, requests } = withModel(createModel(), {
      contextTokens: 100,
      countTokens: wrong as () => number,
    })
    await expect(conversation.send('Hello!').text()).rejects.toThrow(/^countTokens must give a number, not /)
    expect(requests).toHaveLength(0)
  })

  it('refuses a question that cannot fit, before anything is sent or stored', async () => {
    const { conversation, requests, store } = withModel(createModel(), { contextTokens: 100, countTokens })
    await expect(conversation.send('x'.repeat(100)).text()).rejects.toMatchObject({
      code: 'context_too_long',
      details: { limit: 75, tokens: 110 },
    })
    expect([requests.length, store.size]).toEqual([0, 0])
  })

  it('keeps for the answer what the request asks for', async () => {
    const { conversation } = withModel(createModel(), { contextTokens: 100, countTokens })
    const ask = (max_tokens: number) => conversation.send('x'.repeat(60), { request: { max_tokens } }).context()
    await expect(ask(30)).resolves.toMatchObject({ tokens: 70 })
    await expect(ask(31)).rejects.toMatchObject({ code: 'context_too_long', details: { limit: 69 } })
  })
})
