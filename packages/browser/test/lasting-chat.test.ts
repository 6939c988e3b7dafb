import { StreamError } from '@deltawire/core'
import { describe, expect, it } from 'vitest'
import {
  type Chat,
  createChat,
  type ChatOptions,
  type ChatTransport,
  directTransport,
  fetchTransport,
  localChatStorage,
  streamChat,
} from '../src/index.ts'
import { createManualEnvironment, createScriptedTransport, type ScriptOptions } from '../src/testing.ts'
import { toReadable } from '../src/svelte.ts'
import { useChatRef } from '../src/vue.ts'
import { fromChat } from '../src/solid.ts'
import { webSocketTransport } from '../src/websocket.ts'
import { settled } from './support/until.ts'

function setUp(options: Partial<ChatOptions> & ScriptOptions = {}) {
  let ids = 0
  const environment = createManualEnvironment()
  const transport = createScriptedTransport(options)
  const chat = createChat({ transport, environment, generateId: () => `id-${++ids}`, ...options })
  const said = () =>
    chat
      .getSnapshot()
      .messages.map(({ parts }) => parts.map((part) => ('text' in part ? part.text : part.type)).join('|'))
  return { environment, transport, chat, said }
}

const asked = ({ request }: { request: { messages: readonly { content?: unknown }[] } }) =>
  request.messages.map(({ content }) => content)

/** Whether a promise has been kept by now. */
async function isKept(promise: Promise<unknown>): Promise<boolean> {
  const nothing = Symbol('nothing')
  await settled()
  return (await Promise.race([promise, Promise.resolve(nothing)])) !== nothing
}

/** Runs with a listener for errors that nobody caught, and gives them. */
async function uncaught(act: () => Promise<void>): Promise<unknown[]> {
  const errors: unknown[] = []
  const before = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => errors.push(error))
  try {
    await act()
    await settled()
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const listener of before) process.on('uncaughtException', listener)
  }
  return errors
}

describe('who looks elsewhere while the model thinks', () => {
  it('has the answer in the end, however often that is', async () => {
    const { chat, environment, transport, said } = setUp()
    const answer = chat.sendMessage('One')
    await settled()
    for (let round = 0; round < 20; round++) {
      environment.advance(60_000)
      environment.wake()
      await settled()
    }
    transport.streams[0]?.write('Well.')
    transport.streams[0]?.end()
    environment.advance(0)
    expect(await answer).toMatchObject({ error: null, message: { finishReason: 'stop' } })
    expect(said()).toEqual(['One', 'Well.'])
  })

  it('hears of it all the same when the server is gone', async () => {
    const { chat, environment, transport } = setUp()
    const answer = chat.sendMessage('One')
    await settled()
    transport.failNext(...Array.from({ length: 20 }, () => new StreamError('connect_failed', 'no', { url: '/' })))
    environment.advance(60_000)
    environment.wake()
    for (let attempt = 0; attempt < 20; attempt++) {
      await settled()
      environment.advance(20_000)
    }
    expect(await answer).toMatchObject({ error: { code: 'connect_failed', isRetryable: true } })
    expect(transport.calls.filter(({ verb }) => verb === 'resume')).toHaveLength(5)
  })
})

describe('who listens and throws', () => {
  it.each(['subscribe', 'chunk', 'finish'] as const)(
    'harms neither the chat nor anybody else, and is heard of: %s',
    async (where) => {
      const { chat, transport, said } = setUp({ answer: (stream) => (stream.write('Hi'), stream.end()) })
      let told = 0
      const fail = (): void => {
        throw new Error(`a mistake of the page: ${where}`)
      }
      const errors = await uncaught(async () => {
        if (where === 'subscribe') {
          chat.subscribe(fail)
          chat.subscribe(() => told++)
        } else {
          chat.on(where, fail)
          chat.on(where, () => told++)
        }
        expect(await chat.sendMessage('One')).toMatchObject({ error: null, message: { finishReason: 'stop' } })
        expect(await chat.sendMessage('Two')).toMatchObject({ error: null, message: { finishReason: 'stop' } })
      })
      expect(said()).toEqual(['One', 'Hi', 'Two', 'Hi'])
      expect(chat.getSnapshot().status).toBe('ready')
      expect(told).toBeGreaterThan(1)
      expect(errors.map(String)).toContain(`Error: a mistake of the page: ${where}`)
      expect(transport.streams).toHaveLength(2)
    },
  )

  it('of an error does not keep anybody waiting', async () => {
    const { chat, transport } = setUp({ answer: (stream) => stream.end() })
    transport.failNext(new StreamError('http_status', 'no', { status: 400, headers: {}, body: '' }))
    const errors = await uncaught(async () => {
      chat.on('error', () => {
        throw new Error('a mistake of the page')
      })
      expect(await chat.sendMessage('One')).toMatchObject({ error: { status: 400 } })
    })
    expect(errors).toHaveLength(1)
    expect(await chat.sendMessage('Two')).toMatchObject({ error: null })
  })

  it.each<[string, (chat: Chat) => boolean]>([
    ['has the question', (chat) => chat.getSnapshot().messages.length === 1],
    ['waits for the answer', (chat) => chat.getSnapshot().status === 'submitted'],
  ])('may ask from within, when the chat %s: one answer comes after the other', async (_when, isSo) => {
    const { chat, transport, said } = setUp()
    let isAsked = false
    let second: Promise<unknown> | undefined
    chat.subscribe(() => {
      if (isAsked || !isSo(chat)) return
      isAsked = true
      second = chat.sendMessage('Two')
    })
    const first = chat.sendMessage('One')
    await settled()
    expect(transport.streams).toHaveLength(1)
    transport.streams[0]?.write('1')
    transport.streams[0]?.end()
    await first
    await settled()
    transport.streams[1]?.write('2')
    transport.streams[1]?.end()
    await second
    expect(said()).toEqual(['One', '1', 'Two', '2'])
  })

  it('may stop from within as soon as the answer is waited for', async () => {
    const { chat, transport } = setUp()
    chat.subscribe(() => {
      if (chat.getSnapshot().status === 'submitted') void chat.stop()
    })
    expect(await chat.sendMessage('One')).toMatchObject({ message: null, error: null })
    expect([chat.getSnapshot().status, transport.calls]).toEqual(['ready', []])
  })

  it('may listen again from within', async () => {
    const { chat } = setUp({ answer: (stream) => stream.end() })
    let told = 0
    let end = (): void => {}
    const again = (): void => {
      end()
      if (told++ < 1_000) end = chat.subscribe(again)
    }
    end = chat.subscribe(again)
    chat.clearError()
    await chat.sendMessage('One')
    expect(told).toBeLessThan(20)
  })
})

describe('a chat that was left', () => {
  it('goes on at once, in the same breath', async () => {
    const { chat, transport, said } = setUp()
    void chat.sendMessage('One')
    await settled()
    transport.streams[0]?.write('par')
    await settled()
    chat.disconnect()
    const resumed = chat.resume()
    await settled()
    transport.streams[0]?.write('tial')
    transport.streams[0]?.end()
    expect(await resumed).toBe(true)
    expect(said()).toEqual(['One', 'partial'])
    expect(transport.calls.map(({ verb }) => verb)).toEqual(['send', 'resume'])
  })

  it('and was resumed and left again, is resumed again', async () => {
    const { chat, transport } = setUp()
    void chat.sendMessage('One')
    await settled()
    transport.streams[0]?.write('par')
    await settled()
    for (let round = 0; round < 5; round++) {
      chat.disconnect()
      void chat.resume()
    }
    const resumed = chat.resume()
    await settled()
    transport.streams[0]?.end()
    expect(await resumed).toBe(true)
    expect(transport.streams[0]?.readers).toBe(0)
  })

  it('answers what is asked in the same breath', async () => {
    const { chat, transport, said } = setUp()
    void chat.sendMessage('One')
    await settled()
    chat.disconnect()
    const answer = chat.sendMessage('Two')
    await settled()
    transport.streams[1]?.write('2')
    transport.streams[1]?.end()
    expect(await answer).toMatchObject({ error: null, message: { parts: [{ text: '2' }] } })
    expect(said()).toEqual(['One', 'Two', '2'])
  })
})

describe('a stream that is taken up by its name', () => {
  it('leaves what was left before it broken off', async () => {
    const { chat, transport } = setUp()
    void chat.sendMessage('One')
    await settled()
    transport.streams[0]?.write('par')
    await settled()
    chat.disconnect()
    void chat.sendMessage('Two')
    await settled()
    chat.disconnect()
    expect(chat.getSnapshot().messages[1]).toMatchObject({ finishReason: 'interrupted' })
    transport.streams[1]?.write('2')
    const resumed = chat.resume({ streamId: 'stream-1', messageId: 'another' })
    await settled()
    transport.streams[0]?.end()
    expect(await resumed).toBe(true)
    expect(chat.getSnapshot().messages.map(({ finishReason }) => finishReason)).toEqual([
      undefined,
      'interrupted',
      undefined,
      'stop',
    ])
  })

  it('and was stopped changes nothing', async () => {
    const { chat, transport } = setUp()
    void chat.sendMessage('One')
    await settled()
    await chat.stop()
    void chat.sendMessage('Two')
    await settled()
    transport.streams[1]?.write('par')
    await settled()
    chat.disconnect()
    expect(await chat.resume({ streamId: 'stream-1' })).toBe(false)
    const resumed = chat.resume()
    await settled()
    transport.streams[1]?.write('tial')
    transport.streams[1]?.end()
    expect(await resumed).toBe(true)
    expect(chat.getSnapshot().messages.at(-1)?.parts).toEqual([{ type: 'text', text: 'partial' }])
  })
})

describe('other messages', () => {
  it.each(['is under way', 'was left'])('do not get the answer of those before them that %s', async (how) => {
    const { chat, transport, said, environment } = setUp()
    chat.subscribe(() => {})
    const first = chat.sendMessage('One')
    await settled()
    const waiting = chat.sendMessage('Two')
    transport.streams[0]?.write('1')
    await settled()
    if (how === 'was left') chat.disconnect()
    chat.setMessages([])
    await first
    environment.wake()
    if (how === 'was left') void chat.sendMessage('Three')
    await settled()
    expect(said()).toEqual(['Two'])
    transport.streams[1]?.end()
    await waiting
    expect(transport.calls.filter(({ verb }) => verb === 'resume')).toEqual([])
  })

  it('with a question in them leave the answer alone', async () => {
    const { chat, transport, said } = setUp()
    const first = chat.sendMessage('One')
    await settled()
    transport.streams[0]?.write('1')
    await settled()
    // As they are kept somewhere else, where the answer is not yet.
    chat.setMessages([{ id: 'kept', role: 'user', parts: [{ type: 'text', text: 'One' }] }])
    transport.streams[0]?.write('2')
    transport.streams[0]?.end()
    expect(await first).toMatchObject({ error: null, message: { finishReason: 'stop' } })
    expect(said()).toEqual(['One', '12'])
  })
})

describe('what waits', () => {
  it('comes after the question that is put otherwise', async () => {
    const { chat, transport, said } = setUp()
    void chat.sendMessage('One')
    await settled()
    const waiting = chat.sendMessage('Two')
    const [first] = chat.getSnapshot().messages
    const edited = chat.editMessage(first?.id ?? '', 'Eins')
    await settled()
    expect(transport.streams).toHaveLength(2)
    transport.streams[1]?.write('1')
    transport.streams[1]?.end()
    await edited
    await settled()
    transport.streams[2]?.write('2')
    transport.streams[2]?.end()
    await waiting
    expect(said()).toEqual(['Eins', '1', 'Two', '2'])
    expect(transport.streams.map(asked)).toEqual([['One'], ['Eins'], ['Eins', '1', 'Two']])
  })

  it('comes after the question whose answer broke off, when that is asked again', async () => {
    const { chat, transport, said } = setUp()
    transport.failNext(new StreamError('http_status', 'no', { status: 400, headers: {}, body: '' }))
    const first = chat.sendMessage('One')
    const waiting = chat.sendMessage('Two')
    expect((await first).error).toMatchObject({ status: 400 })
    const again = chat.regenerate()
    await settled()
    transport.streams[0]?.write('1')
    transport.streams[0]?.end()
    await again
    await settled()
    transport.streams[1]?.write('2')
    transport.streams[1]?.end()
    await waiting
    expect(said()).toEqual(['One', '1', 'Two', '2'])
  })

  it('hears of it when the chat is disposed of', async () => {
    const { chat, transport } = setUp()
    const first = chat.sendMessage('One')
    await settled()
    const waiting = chat.sendMessage('Two')
    chat.dispose()
    expect(await isKept(first)).toBe(true)
    expect(await isKept(waiting)).toBe(true)
    expect(await waiting).toEqual({ message: null, error: null })
    expect(chat.getSnapshot().queued).toEqual([])
    expect(transport.streams).toHaveLength(1)
  })

  it('does not mind a button that is pressed twice: the last answer counts', async () => {
    const { chat, transport, said } = setUp()
    void chat.sendMessage('One')
    await settled()
    const first = chat.regenerate()
    const second = chat.regenerate()
    await settled()
    expect(await isKept(first)).toBe(true)
    transport.streams.at(-1)?.write('1')
    transport.streams.at(-1)?.end()
    await second
    expect(said()).toEqual(['One', '1'])
    expect(transport.streams.filter(({ isStopped }) => !isStopped)).toHaveLength(0)
  })
})

describe('stop', () => {
  it('is done at once where nothing was asked yet', async () => {
    const { chat, environment, transport } = setUp()
    const answer = chat.sendMessage('One')
    const stopped = chat.stop()
    expect(await isKept(stopped)).toBe(true)
    expect(await answer).toMatchObject({ message: null, error: null })
    expect([environment.timers, transport.calls]).toEqual([0, []])
  })

  it('is done at once where the request fails meanwhile', async () => {
    const { chat, environment } = setUp({
      transport: {
        isResumable: true,
        send: async () => {
          await settled()
          throw new StreamError('http_status', 'no', { status: 400, headers: {}, body: '' })
        },
      },
    })
    void chat.sendMessage('One')
    await Promise.resolve()
    await Promise.resolve()
    const stopped = chat.stop()
    await settled()
    expect(await isKept(stopped)).toBe(true)
    expect(environment.timers).toBe(0)
  })

  it('lets go of the stream also where the server does not answer', async () => {
    const scripted = createScriptedTransport()
    // A browser has six connections to a server: one that is held is missing to the request that stops.
    const transport: ChatTransport = { ...scripted, stop: () => new Promise(() => {}) }
    const { chat } = setUp({ transport })
    void chat.sendMessage('One')
    await settled()
    void chat.stop()
    await settled()
    expect(scripted.streams[0]?.readers).toBe(0)
  })

  it('asks nothing, where nothing is under way and something waits behind an answer that broke off', async () => {
    const { chat, transport } = setUp()
    transport.failNext(new StreamError('http_status', 'no', { status: 400, headers: {}, body: '' }))
    const first = chat.sendMessage('One')
    void chat.sendMessage('Two')
    await first
    expect(await chat.stop()).toEqual({ stopped: false })
    await settled()
    expect(transport.streams).toEqual([])
    expect(chat.getSnapshot().queued).toHaveLength(1)
  })

  it('from within, while a call arrives, is the end', async () => {
    const { chat, transport } = setUp()
    chat.on('chunk', () => void chat.stop())
    const answer = chat.sendMessage('One')
    await settled()
    transport.streams[0]?.write({ tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '{' } }] })
    await answer
    await settled()
    expect(chat.getSnapshot()).toMatchObject({ status: 'ready', messages: [{}, { finishReason: 'stopped' }] })
  })
})

describe('a server that sends the same for ever', () => {
  const chunk = (content: string) => ({
    id: 'c',
    object: 'chat.completion.chunk' as const,
    created: 0,
    model: 'm',
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  })

  it.each<[string, (string | undefined)[]]>([
    ['and names no place', [undefined, undefined]],
    ['in the wrong order', ['1', '3', '2']],
  ])('%s is given up', async (_what, ids) => {
    let opened = 0
    const open = async () => ({
      streamId: 's',
      events: (async function* () {
        opened++
        for (const id of ids) yield { chunk: chunk('a'), id }
        throw new StreamError('connection_lost', 'cut', { pieces: 0 })
      })(),
    })
    const { chat, environment } = setUp({ transport: { send: open, resume: open } })
    const answer = chat.sendMessage('One')
    for (let turns = 0; turns < 50; turns++) {
      await settled()
      environment.advance(20_000)
    }
    expect(await isKept(answer)).toBe(true)
    expect(await answer).toMatchObject({ error: { code: 'connection_lost' } })
    expect(opened).toBeLessThan(20)
    chat.dispose()
  })
})

describe('storage', () => {
  const kept = { id: 'chat', messages: [{ id: '1', role: 'user', parts: [{ type: 'text', text: 'Hi' }] }] }
  function withLocalStorage(value: string): void {
    Object.defineProperty(globalThis, 'localStorage', {
      configurable: true,
      value: { getItem: () => value, setItem: () => {} },
    })
  }

  it.each([
    ['nothing', 'null'],
    ['what is no JSON', '{'],
    ['a text', '"hello"'],
    ['a number', '1'],
    ['an empty object', '{}'],
    ['a list', '[]'],
    ['messages that are none', '{"id":"a","messages":"x"}'],
    ['a message that is null', '{"id":"a","messages":[null]}'],
    ["another library's messages", '{"id":"a","messages":[{"id":"1","role":"user","content":"Hi"}]}'],
    ['an answer on its way that is none', JSON.stringify({ ...kept, live: null, messages: null })],
  ])('that holds %s is passed over', async (_what, value) => {
    withLocalStorage(value)
    const { chat } = setUp({ storage: localChatStorage('chat'), answer: (stream) => stream.end() })
    const errors = await uncaught(async () => {
      chat.subscribe(() => {})
      await settled()
      expect(chat.getSnapshot()).toMatchObject({ id: 'id-1', status: 'ready', messages: [] })
      expect(await chat.sendMessage('One')).toMatchObject({ error: null })
    })
    expect(errors).toEqual([])
  })

  it('of which a part is damaged gives the rest', async () => {
    withLocalStorage(JSON.stringify({ ...kept, live: null, stopped: null }))
    const { chat } = setUp({ storage: localChatStorage('chat'), answer: (stream) => stream.end() })
    chat.subscribe(() => {})
    await settled()
    expect(chat.getSnapshot()).toMatchObject(kept)
    expect(await chat.sendMessage('One')).toMatchObject({ error: null })
    expect(await chat.stop()).toEqual({ stopped: false })
  })

  it('that throws, whoever made it, ends no chat', async () => {
    const fail = (): never => {
      throw new Error('the disk is full')
    }
    const { chat } = setUp({ storage: { get: fail, set: fail }, answer: (stream) => stream.end() })
    const errors = await uncaught(async () => {
      chat.subscribe(() => {})
      await settled()
      expect(await chat.sendMessage('One')).toMatchObject({ error: null, message: { finishReason: 'stop' } })
      expect(await chat.sendMessage('Two')).toMatchObject({ error: null, message: { finishReason: 'stop' } })
      chat.setMessages([])
    })
    expect(new Set(errors.map(String))).toEqual(new Set(['Error: the disk is full']))
  })
})

describe('a part of a chat', () => {
  it('that is only looked at wakes nobody: so it is on a server', async () => {
    const { chat, transport } = setUp({
      initialState: { id: 'kept', messages: [], live: { streamId: 'stream-1', messageId: 'm' } },
    })
    toReadable(chat).subscribe(() => {})()
    await settled()
    expect(transport.calls).toEqual([])
  })

  it('brings it to life as the whole does', async () => {
    const { chat, transport } = setUp({
      storage: {
        get: () => ({ id: 'kept', messages: [], live: { streamId: 'stream-1', messageId: 'm' } }),
        set: () => {},
      },
    })
    const end = chat.select(({ id }) => id).subscribe(() => {})
    await settled()
    expect(transport.calls.map(({ verb }) => verb)).toEqual(['resume'])
    expect(chat.getSnapshot().id).toBe('kept')
    end()
  })
})

describe('one answer', () => {
  it('that was never asked for is stopped at once', async () => {
    const environment = createManualEnvironment()
    const transport = createScriptedTransport()
    const stream = streamChat({ messages: [] }, { transport, environment })
    expect(await isKept(stream.stop())).toBe(true)
    expect(environment.timers).toBe(0)
  })
})

it.each<[string, (given: never) => unknown, unknown]>([
  ['createChat({ transport })', createChat, {}],
  ['fetchTransport({ url })', fetchTransport, '/chat'],
  ['directTransport({ baseURL })', directTransport, 'http://localhost:11434/v1'],
  ['webSocketTransport({ url })', webSocketTransport, '/v1/socket'],
])('a wrong call is shown the right one: %s', (call, make, given) => {
  expect(() => make(given as never)).toThrow(new TypeError(`the right call is ${call}`))
})

it.each<[string, (chat: Chat) => unknown]>([
  ['Vue', useChatRef],
  ['Solid', (chat) => fromChat(chat, ({ messages }) => messages)],
  ['Svelte', (chat) => toReadable(chat).subscribe(() => {})()],
])('a server that renders with %s asks nobody, and nobody goes on listening there', async (_what, render) => {
  const { chat, transport } = setUp({
    initialState: { id: 'kept', messages: [], live: { streamId: 'stream-1', messageId: 'm' } },
  })
  let listening = 0
  const subscribe = (onChange: () => void) => {
    const end = chat.subscribe(onChange)
    listening++
    return () => {
      listening--
      end()
    }
  }
  for (let request = 0; request < 10; request++)
    render({ ...chat, subscribe, select: (select) => ({ ...chat.select(select), subscribe }) })
  await settled()
  expect([transport.calls, listening]).toEqual([[], 0])
})
