import { StreamError, textOf } from '@deltawire/core'
import { describe, expect, it } from 'vitest'
import { createChat, type ChatOptions, type ChatTransport, type SerializedChat } from '../src/index.ts'
import { createManualEnvironment, createScriptedTransport, type ScriptOptions } from '../src/testing.ts'
import { settled } from './support/until.ts'

let ids = 0
function setUp(options: Partial<ChatOptions> & ScriptOptions = {}) {
  const environment = createManualEnvironment()
  const transport = createScriptedTransport(options)
  const chat = createChat({ transport, environment, generateId: () => `id-${++ids}`, ...options })
  const last = () => {
    const stream = transport.streams.at(-1)
    if (stream === undefined) throw new Error('nothing was asked')
    return stream
  }
  const text = () =>
    chat
      .getSnapshot()
      .messages.at(-1)
      ?.parts.map((part) => ('text' in part ? part.text : part.type))
      .join('|')
  return { environment, transport, chat, last, text }
}

const verbs = (transport: { calls: readonly { verb: string }[] }) => transport.calls.map(({ verb }) => verb)

describe('a conversation', () => {
  it('shows the question at once, the first chunk at once, and the answer with every frame', async () => {
    const { chat, last, text, environment } = setUp({ request: { model: 'm' } })
    const answer = chat.sendMessage('Hello!')
    expect(chat.getSnapshot()).toMatchObject({ status: 'submitted', messages: [{ role: 'user' }] })
    await settled()
    last().write('Hel')
    await settled()
    expect([text(), chat.getSnapshot().status]).toEqual(['Hel', 'streaming'])
    last().write('lo')
    await settled()
    expect(text()).toBe('Hel')
    environment.paint()
    expect(text()).toBe('Hello')
    last().end()
    expect(await answer).toMatchObject({
      error: null,
      message: { role: 'assistant', finishReason: 'stop', parts: [{ type: 'text', text: 'Hello' }] },
    })
    expect(chat.getSnapshot()).toMatchObject({ status: 'ready', connection: 'idle', error: null })
    expect(last().request).toMatchObject({ model: 'm', messages: [{ role: 'user', content: 'Hello!' }] })
    expect(environment.timers).toBe(0)
  })

  it('sends an answer back as it came, signatures included, without its reasoning: some models refuse that', async () => {
    const { chat, last } = setUp()
    const first = chat.sendMessage('One')
    await settled()
    const thoughts = {
      reasoning: 'Hm',
      reasoning_content: 'Hm',
      reasoning_details: [{ type: 'reasoning.text', text: 'Hm' }],
    }
    last().write({ role: 'assistant', ...thoughts, content: 'A', x_signature: 'sig' } as object)
    last().end()
    await first
    void chat.sendMessage('Two')
    await settled()
    expect(JSON.parse(JSON.stringify(last().request.messages))).toStrictEqual([
      { role: 'user', content: 'One' },
      { role: 'assistant', content: 'A', x_signature: 'sig' },
      { role: 'user', content: 'Two' },
    ])
  })

  it('keeps every message and part that has not changed', async () => {
    const { chat, last, environment } = setUp()
    void chat.sendMessage('Hello!')
    await settled()
    last().write({ reasoning_content: 'think' })
    await settled()
    last().write('a')
    await settled()
    environment.paint()
    const before = chat.getSnapshot()
    last().write('b')
    await settled()
    environment.paint()
    const after = chat.getSnapshot()
    expect(after).not.toBe(before)
    expect(after.messages[0]).toBe(before.messages[0])
    expect(after.messages[1]).not.toBe(before.messages[1])
    expect(after.messages[1]?.parts[0]).toBe(before.messages[1]?.parts[0])
    expect(after.messages[1]?.parts[1]).toEqual({ type: 'text', text: 'ab' })
    expect(chat.getSnapshot()).toBe(after)
  })

  it('lets a question wait while an answer is under way', async () => {
    const { chat, last, transport } = setUp()
    const first = chat.sendMessage('One')
    await settled()
    const second = chat.sendMessage('Two')
    expect(chat.getSnapshot().queued).toMatchObject([{ parts: [{ text: 'Two' }] }])
    expect(transport.streams).toHaveLength(1)
    last().write('1')
    last().end()
    await first
    await settled()
    expect(chat.getSnapshot().queued).toEqual([])
    last().write('2')
    last().end()
    expect((await second).message?.parts).toEqual([{ type: 'text', text: '2' }])
  })

  it('lets a question interrupt, or refuses it', async () => {
    const { chat, transport } = setUp()
    const first = chat.sendMessage('One')
    await settled()
    transport.streams[0]?.write('par')
    await settled()
    expect(await chat.sendMessage('No', { whenBusy: 'reject' })).toMatchObject({
      message: null,
      error: { code: 'busy' },
    })
    void chat.sendMessage('Two', { whenBusy: 'interrupt' })
    expect((await first).message).toMatchObject({ finishReason: 'stopped', parts: [{ text: 'par' }] })
    await settled()
    expect(transport.streams[1]?.request.messages.at(-1)).toEqual({ role: 'user', content: 'Two' })
    expect(verbs(transport)).toEqual(['send', 'stop', 'send'])
  })

  it('answers again, and lets a question be put otherwise', async () => {
    const { chat, transport, last } = setUp({ answer: (stream) => stream.end() })
    await chat.sendMessage('One')
    await chat.sendMessage('Two')
    await chat.regenerate()
    expect(last().request.messages.map(({ content }) => content)).toEqual(['One', 'Two'])
    const [first] = chat.getSnapshot().messages
    await chat.editMessage(first?.id ?? '', 'Eins')
    expect(last().request.messages).toEqual([{ role: 'user', content: 'Eins' }])
    expect(chat.getSnapshot().messages[0]?.id).toBe(first?.id)
    expect(transport.streams).toHaveLength(4)
  })

  it('regenerates while an answer is under way by stopping that one', async () => {
    const { chat, transport } = setUp()
    void chat.sendMessage('One')
    await settled()
    transport.streams[0]?.write('wrong')
    await settled()
    void chat.regenerate()
    await settled()
    expect(verbs(transport)).toEqual(['send', 'stop', 'send'])
    expect(chat.getSnapshot().messages).toHaveLength(1)
  })
})

describe('trouble', () => {
  it('is data: the part that came stays, beside what went wrong', async () => {
    const { chat, last } = setUp({ isResumable: false })
    const answer = chat.sendMessage('Hello!')
    await settled()
    last().write('Hel')
    last().cut()
    const { message, error } = await answer
    expect(message).toMatchObject({ finishReason: 'interrupted', parts: [{ text: 'Hel' }] })
    expect(error).toEqual({
      code: 'connection_lost',
      message: '[connection_lost] cut',
      isRetryable: true,
      isPartial: true,
    })
    expect(chat.getSnapshot()).toMatchObject({ status: 'error', error })
    expect(JSON.parse(JSON.stringify(error))).toEqual(error)
    chat.clearError()
    expect(chat.getSnapshot()).toMatchObject({ status: 'ready', error: null })
  })

  it('before the answer begins is tried again with the same key, as late as the server asks', async () => {
    const { chat, transport, environment } = setUp()
    const limited = new StreamError('http_status', 'slow down', {
      status: 429,
      headers: { 'retry-after': '2' },
      body: '',
    })
    transport.failNext(limited, new StreamError('connect_failed', 'no', { url: '' }))
    void chat.sendMessage('Hello!')
    await settled()
    expect(chat.getSnapshot().connection).toBe('reconnecting')
    environment.advance(1_999)
    await settled()
    expect(transport.calls).toHaveLength(1)
    environment.advance(1)
    await settled()
    environment.advance(20_000)
    await settled()
    expect(verbs(transport)).toEqual(['send', 'send', 'send'])
    const keys = transport.calls.map((call) => 'key' in call && call.key)
    expect(new Set(keys).size).toBe(1)
  })

  it.each([400, 401, 409])('is not tried again after %i', async (status) => {
    const { chat, transport } = setUp()
    transport.failNext(new StreamError('http_status', 'no', { status, headers: {}, body: '' }))
    expect(await chat.sendMessage('Hello!')).toMatchObject({ message: null, error: { code: 'http_status', status } })
    expect(transport.calls).toHaveLength(1)
  })

  it('never sends a request again once the answer has begun', async () => {
    const { chat, transport, last, environment } = setUp({ isResumable: false })
    const answer = chat.sendMessage('Hello!')
    await settled()
    last().cut()
    await answer
    environment.advance(100_000)
    environment.wake()
    await settled()
    expect(verbs(transport)).toEqual(['send'])
  })

  it('waits for the network', async () => {
    const { chat, last, transport, environment, text } = setUp()
    const answer = chat.sendMessage('Hello!')
    await settled()
    last().write('Hel')
    await settled()
    environment.isOnline = false
    last().cut()
    await settled()
    expect(chat.getSnapshot().connection).toBe('offline')
    environment.advance(3_600_000)
    await settled()
    expect(verbs(transport)).toEqual(['send'])
    environment.isOnline = true
    environment.wake()
    await settled()
    last().write('lo')
    last().end()
    await answer
    expect(text()).toBe('Hello')
    expect(transport.calls.at(-1)).toMatchObject({ verb: 'resume', ref: { lastEventId: '1' } })
  })

  it('can be left the moment it has no network', async () => {
    const { chat, last, environment } = setUp()
    chat.subscribe(() => {
      if (chat.getSnapshot().connection === 'offline') chat.disconnect()
    })
    const answer = chat.sendMessage('Hello!')
    await settled()
    environment.isOnline = false
    last().cut()
    expect(await answer).toMatchObject({ error: null })
    await settled()
    expect([chat.getSnapshot().status, environment.timers]).toEqual(['ready', 0])
  })

  it.each([1, 7, 500])('is the same in events of one chunk and in lists, of %i', async (size) => {
    const text = 'word '.repeat(500)
    const events = [...text].map((content, at) => ({
      id: String(at + 1),
      chunk: {
        id: 'c',
        object: 'chat.completion.chunk' as const,
        created: 1,
        model: 'm',
        choices: [{ index: 0, delta: { content }, finish_reason: null }],
      },
    }))
    const transport: ChatTransport = {
      async send() {
        return {
          streamId: 's',
          events: (async function* () {
            if (size === 1) yield* events
            else for (let at = 0; at < events.length; at += size) yield events.slice(at, at + size)
          })(),
        }
      },
    }
    // Every look at the clock is ten milliseconds later.
    const environment = createManualEnvironment()
    let now = 0
    Object.assign(environment, { now: () => (now += 10) })
    const { message } = await createChat({ transport, environment }).sendMessage('Hello!')
    expect(message?.parts).toEqual([{ type: 'text', text }])
    // Also in the middle of a list.
    expect(environment.yields).toBe(Math.floor(events.length / 64))
  })

  it('gives up after five attempts, and takes the answer up when the page wakes', async () => {
    const { chat, last, transport, environment, text } = setUp()
    const unsubscribe = chat.subscribe(() => {})
    const answer = chat.sendMessage('Hello!')
    await settled()
    last().write('Hel')
    await settled()
    const no = () => new StreamError('connect_failed', 'no', { url: '' })
    transport.failNext(no(), no(), no(), no(), no())
    last().cut()
    for (let at = 0; at < 8; at++) {
      await settled()
      environment.advance(20_000)
    }
    expect((await answer).error).toMatchObject({ code: 'connect_failed', isRetryable: true, isPartial: true })
    environment.wake()
    await settled()
    last().write('lo')
    last().end()
    await settled()
    expect(text()).toBe('Hello')
    expect(chat.getSnapshot()).toMatchObject({ status: 'ready', error: null })
    unsubscribe()
  })

  it('leaves a connection that may have died while the page was away', async () => {
    const { chat, last, transport, environment } = setUp()
    void chat.sendMessage('Hello!')
    await settled()
    last().write('a')
    await settled()
    environment.wake()
    await settled()
    expect(verbs(transport)).toEqual(['send'])
    environment.advance(60_000)
    environment.wake()
    await settled()
    environment.advance(0)
    await settled()
    expect(verbs(transport)).toEqual(['send', 'resume'])
    expect(last().readers).toBe(1)
  })
})

describe('leaving and stopping', () => {
  it('stops the model, keeps what came and never takes it up again', async () => {
    const { chat, last, transport, environment } = setUp()
    const answer = chat.sendMessage('Hello!')
    await settled()
    last().write('Hel')
    await settled()
    last().write('lo')
    await settled()
    const { streamId } = last()
    const stopping = chat.stop()
    expect(chat.getSnapshot()).toMatchObject({
      messages: [{}, { parts: [{ text: 'Hello' }], finishReason: 'stopped' }],
    })
    expect(await stopping).toEqual({ stopped: true })
    await answer
    expect(chat.getSnapshot().status).toBe('ready')
    expect(last().isStopped).toBe(true)
    expect(last().readers).toBe(0)
    expect(await chat.resume({ streamId })).toBe(false)
    environment.wake()
    await settled()
    expect(verbs(transport)).toEqual(['send', 'stop'])
    expect(await chat.stop()).toEqual({ stopped: false })
  })

  it('stops by leaving where the server keeps nothing', async () => {
    const { chat, last, transport } = setUp({ isResumable: false })
    void chat.sendMessage('Hello!')
    await settled()
    expect(await chat.stop()).toEqual({ stopped: true })
    await settled()
    expect(last().readers).toBe(0)
    expect(verbs(transport)).toEqual(['send'])
  })

  it('leaves, and goes on where it was', async () => {
    const { chat, last, transport, text } = setUp()
    const answer = chat.sendMessage('Hello!')
    await settled()
    last().write('Hel')
    await settled()
    chat.disconnect()
    expect((await answer).message).not.toHaveProperty('finishReason')
    await settled()
    expect(last().readers).toBe(0)
    last().write('lo')
    last().end()
    expect(await chat.resume()).toBe(true)
    expect(text()).toBe('Hello')
    expect(chat.getSnapshot().messages).toHaveLength(2)
    expect(transport.calls.at(-1)).toEqual({ verb: 'resume', ref: { streamId: 'stream-1', lastEventId: '1' } })
    expect(await chat.resume()).toBe(false)
  })

  it('says so when the server no longer has the answer', async () => {
    const { chat } = setUp()
    expect(await chat.resume({ streamId: 'nobody' })).toBe(false)
    expect(chat.getSnapshot()).toMatchObject({ status: 'error', error: { code: 'gone' } })
  })
})

describe('a reload', () => {
  const memory = () => {
    let kept: string | undefined
    return {
      get: () => (kept === undefined ? undefined : (JSON.parse(kept) as SerializedChat)),
      set: (chat: SerializedChat) => (kept = JSON.stringify(chat)),
    }
  }

  it('takes up the answer with one request, however many subscribe', async () => {
    const storage = memory()
    const { chat, last, transport, environment } = setUp({ storage })
    void chat.sendMessage('Hello!')
    await settled()
    last().write('Hel')
    await settled()
    const again = createChat({ transport, environment, storage })
    expect(again.getSnapshot().messages).toEqual([])
    for (let at = 0; at < 20; at++) {
      again.subscribe(() => {})()
      again.subscribe(() => {})
    }
    await settled()
    void again.resume()
    last().write('lo')
    last().end()
    await settled()
    expect(verbs(transport)).toEqual(['send', 'resume'])
    expect(again.getSnapshot().messages).toEqual(chat.getSnapshot().messages)
    expect(again.getSnapshot().id).toBe(chat.getSnapshot().id)
    expect(again.getServerSnapshot().messages).toEqual([])
    const third = createChat({ transport, environment, storage })
    third.subscribe(() => {})
    await settled()
    expect(verbs(transport)).toEqual(['send', 'resume'])
  })

  it('does not take up what was stopped', async () => {
    const storage = memory()
    const { chat, last, transport, environment } = setUp({ storage })
    void chat.sendMessage('Hello!')
    await settled()
    last().write('Hel')
    await settled()
    await chat.stop()
    await settled()
    const again = createChat({ transport, environment, storage })
    again.subscribe(() => {})
    await settled()
    expect(await again.resume({ streamId: 'stream-1' })).toBe(false)
    expect(verbs(transport)).toEqual(['send', 'stop'])
    expect(again.getSnapshot().messages).toHaveLength(2)
  })

  it('begins from what a server has rendered', () => {
    const { chat } = setUp()
    chat.setMessages([{ id: '1', role: 'user', parts: [{ type: 'text', text: 'Hi' }] }])
    const initialState = JSON.parse(JSON.stringify(chat)) as SerializedChat
    const page = createChat({ transport: createScriptedTransport(), initialState })
    expect(page.getServerSnapshot()).toEqual(chat.getSnapshot())
    expect(page.getServerSnapshot()).toBe(page.getSnapshot())
  })
})

describe('subscribers', () => {
  it('of a part hear only of its changes', async () => {
    const { chat, last, environment } = setUp()
    const status = chat.select(({ status: value }) => value)
    const seen: string[] = []
    status.subscribe(() => seen.push(status.getSnapshot()))
    const answer = chat.sendMessage('Hello!')
    await settled()
    for (const text of ['a', 'b', 'c']) {
      last().write(text)
      await settled()
      environment.paint()
    }
    last().end()
    await answer
    expect(seen).toEqual(['submitted', 'streaming', 'ready'])
  })

  it('hear of every chunk if they like', async () => {
    const { chat, last } = setUp()
    let text = ''
    chat.on('chunk', ({ chunk }) => (text += textOf(chunk)))
    const finished: unknown[] = []
    chat.on('finish', (message) => finished.push(message))
    const answer = chat.sendMessage('Hello!')
    await settled()
    for (const piece of 'abc') last().write(piece)
    last().end()
    const { message } = await answer
    expect(text).toBe('abc')
    expect(finished).toEqual([message])
  })

  it('may be one function twice', async () => {
    const { chat, last } = setUp()
    let calls = 0
    const listener = () => calls++
    const leave = chat.on('finish', listener)
    chat.on('finish', listener)
    leave()
    const answer = chat.sendMessage('Hello!')
    await settled()
    last().end()
    await answer
    expect(calls).toBe(1)
  })

  it('hear nothing after dispose', async () => {
    const { chat, last } = setUp()
    let calls = 0
    chat.subscribe(() => calls++)
    void chat.sendMessage('Hello!')
    await settled()
    chat.dispose()
    calls = 0
    last().write('a')
    await settled()
    expect(calls).toBe(0)
    expect(last().readers).toBe(0)
  })
})

describe('an answer that was left', () => {
  it('is given up with the next question', async () => {
    const { chat, last, transport, environment } = setUp()
    chat.subscribe(() => {})
    void chat.sendMessage('One')
    await settled()
    last().write('par')
    await settled()
    chat.disconnect()
    await settled()
    void chat.sendMessage('Two')
    await settled()
    expect(chat.getSnapshot().messages[1]).toMatchObject({ finishReason: 'interrupted', parts: [{ text: 'par' }] })
    last().end()
    await settled()
    environment.wake()
    await settled()
    expect(verbs(transport)).toEqual(['send', 'send'])
  })
})
