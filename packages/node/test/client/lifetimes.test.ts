import { textOf } from '@deltawire/core'
import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createConversation, streamChatCompletion } from '../../src/index.ts'
import { createSlowModel, options } from '../conversation/model.ts'
import { event, eventsOf, question } from './byte-server.ts'
import { createManualTime, until } from './manual-time.ts'

const baseURL = 'http://chat.invalid'
const refusing = async () => Response.json({ error: { message: 'no' } }, { status: 400 })
const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

describe('a response that is refused', () => {
  it('leaves no listener on the signal and no timer, also when nothing else is asked for', async () => {
    const { signal } = new AbortController()
    const time = createManualTime()
    const answer = streamChatCompletion(question, { baseURL, fetch: refusing, signal, time, totalTimeoutMs: 60_000 })
    await expect(answer.response()).rejects.toMatchObject({ code: 'http_status' })
    expect([listeners(signal), time.running]).toEqual([0, 0])
    await expect(answer.text()).rejects.toMatchObject({ code: 'http_status' })
  })

  it('leaves none in a conversation', async () => {
    const { signal } = new AbortController()
    const time = createManualTime()
    const conversation = createConversation(
      { model: 'm' },
      { ...options({ fetch: refusing }), time, totalTimeoutMs: 1 },
    )
    await expect(conversation.send('Hello!', { signal }).response()).rejects.toMatchObject({ code: 'http_status' })
    expect([listeners(signal), time.running]).toEqual([0, 0])
  })
})

describe('a stream that was left', () => {
  it('before it began asks nothing when its response is asked for', async () => {
    let asked = 0
    const fetch = async () => new Response(eventsOf(String((asked += 1))).join(''))
    const answer = streamChatCompletion(question, { baseURL, fetch })
    await answer[Symbol.asyncDispose]()
    await expect(answer.response()).rejects.toMatchObject({ name: 'AbortError' })
    expect(asked).toBe(0)
  })

  it('while its answer was waited for keeps what had arrived', async () => {
    const model = createSlowModel()
    const answer = streamChatCompletion(question, options(model))
    const result = answer.result()
    await until(() => model.asked)
    model.say(event({ content: 'Hel' }))
    await new Promise((resolve) => setImmediate(resolve))
    await answer[Symbol.asyncDispose]()
    const { completion, error } = await result
    expect([textOf(completion ?? undefined), error?.name]).toEqual(['Hel', 'AbortError'])
    expect(model.cancelled).toBe(true)
  })

  it.for(['with', 'without'])('while its answer was waited for is in the store (%s onProgress)', async (way) => {
    const model = createSlowModel()
    const store = new Map<string, object>()
    const conversation = createConversation({ model: 'm' }, { ...options(model), store })
    const answer = conversation.send('Hello!', way === 'with' ? { onProgress: () => {} } : {})
    const result = answer.result()
    await until(() => model.asked)
    model.say(event({ content: 'Hel' }))
    await new Promise((resolve) => setImmediate(resolve))
    await answer[Symbol.asyncDispose]()
    expect(store.get(answer.id)).toMatchObject({
      message: { content: 'Hel' },
      answer: { error: { name: 'AbortError' } },
    })
    expect(await result).toMatchObject({ message: { id: answer.id }, error: { name: 'AbortError' } })
  })
})

describe('a signal', () => {
  it('that is none is told at once', () => {
    const signal = new AbortController() as unknown as AbortSignal
    const wrong = /^signal must be an AbortSignal, as in \{ signal: controller.signal \}/
    expect(() => streamChatCompletion(question, { baseURL, signal })).toThrow(wrong)
    expect(() => createConversation({ model: 'm' }, { baseURL }).send('Hello!', { signal })).toThrow(wrong)
  })
})
