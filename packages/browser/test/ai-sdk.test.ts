import { StreamError } from '@deltawire/core'
import { AbstractChat, type ChatState, type UIMessage } from 'ai'
import { describe, expect, it } from 'vitest'
import { aiSdkTransport } from '../src/ai-sdk.ts'
import { createManualEnvironment, createScriptedTransport } from '../src/testing.ts'
import { settled, until } from './support/until.ts'

/** The state of AI SDK's chat, without a framework. */
class PlainState implements ChatState<UIMessage> {
  status: ChatState<UIMessage>['status'] = 'ready'
  error: Error | undefined
  messages: UIMessage[] = []
  pushMessage = (message: UIMessage) => void this.messages.push(message)
  popMessage = () => void this.messages.pop()
  replaceMessage = (at: number, message: UIMessage) => void (this.messages[at] = structuredClone(message))
  snapshot = <T>(value: T): T => structuredClone(value)
}

const storageOf = (kept: Map<string, string>) => ({
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
  removeItem: (key: string) => void kept.delete(key),
})

class PlainChat extends AbstractChat<UIMessage> {}

function setUp() {
  const environment = createManualEnvironment()
  const transport = createScriptedTransport()
  const kept = new Map<string, string>()
  const storage = storageOf(kept)
  const make = () =>
    new PlainChat({
      id: 'c1',
      state: new PlainState(),
      transport: aiSdkTransport({ transport, storage, environment, request: { model: 'm' } }),
    })
  const last = () => {
    const stream = transport.streams.at(-1)
    if (stream === undefined) throw new Error('nothing was asked')
    return stream
  }
  return { chat: make(), make, transport, last, kept, environment }
}

const partsOf = (chat: PlainChat) =>
  chat.messages.at(-1)?.parts.flatMap((part) => ('text' in part ? [[part.type, part.text]] : []))

describe("AI SDK's chat", () => {
  it('reads our chunks: reasoning, text, calls', async () => {
    const { chat, last } = setUp()
    const sent = chat.sendMessage({ text: 'Hello!' })
    await until(() => chat.status === 'submitted' || chat.status === 'streaming')
    await settled()
    last().write({ reasoning_content: 'Hm' })
    last().write('Hel')
    last().write('lo')
    last().write({ tool_calls: [{ index: 0, id: 'call_1', function: { name: 'weather', arguments: '{"city":' } }] })
    last().write({ tool_calls: [{ index: 0, function: { arguments: '"Paris"}' } }] })
    last().end('tool_calls')
    await sent
    expect(last().request).toMatchObject({ model: 'm', messages: [{ role: 'user', content: 'Hello!' }] })
    expect(partsOf(chat)).toEqual([
      ['reasoning', 'Hm'],
      ['text', 'Hello'],
    ])
    expect(chat.messages.at(-1)?.parts.at(-1)).toMatchObject({
      type: 'tool-weather',
      state: 'input-available',
      input: { city: 'Paris' },
    })
  })

  it('has an exact resume over a broken line', async () => {
    const { chat, last, transport, environment } = setUp()
    const sent = chat.sendMessage({ text: 'Hello!' })
    await settled()
    last().write('Hel')
    await settled()
    last().cut()
    await settled()
    environment.advance(0)
    await settled()
    last().write('lo')
    last().end()
    await sent
    expect(partsOf(chat)).toEqual([['text', 'Hello']])
    expect(transport.calls.map(({ verb }) => verb)).toEqual(['send', 'resume'])
  })

  it('takes an answer up after a reload', async () => {
    const { chat, make, last } = setUp()
    void chat.sendMessage({ text: 'Hello!' })
    await settled()
    last().write('Hel')
    await settled()
    const again = make()
    again.messages = chat.messages.slice(0, 1)
    const resumed = again.resumeStream()
    await settled()
    last().write('lo')
    last().end()
    await resumed
    expect(partsOf(again)).toEqual([['text', 'Hello']])
    expect(again.messages).toHaveLength(2)
  })

  it('takes an answer up in its place, where a part of it was kept', async () => {
    const { chat, make, last } = setUp()
    void chat.sendMessage({ text: 'Hello!' })
    await settled()
    last().write('Hel')
    await settled()
    const again = make()
    again.messages = structuredClone(chat.messages)
    expect(partsOf(again)).toEqual([['text', 'Hel']])
    const resumed = again.resumeStream()
    await settled()
    last().write('lo')
    last().end()
    await resumed
    expect(partsOf(again)).toEqual([['text', 'Hello']])
    expect(again.messages).toHaveLength(2)
  })

  it('finds what it had where the server has forgotten the answer meanwhile', async () => {
    const { make, kept } = setUp()
    kept.set('deltawire:c1', 'st_gone')
    const again = make()
    again.messages = [
      { id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Hello!' }] },
      { id: 'm2', role: 'assistant', parts: [{ type: 'text', text: 'Hel' }] },
    ]
    await again.resumeStream()
    expect(again.messages.map(({ id }) => id)).toEqual(['m1', 'm2'])
    expect(partsOf(again)).toEqual([['text', 'Hel']])
    expect([again.status, kept.size]).toEqual(['ready', 0])
  })

  it('takes an answer up with the next reload where a server was away for too long', async () => {
    const { chat, make, last, transport, environment } = setUp()
    const sent = chat.sendMessage({ text: 'Hello!' })
    await settled()
    last().write('Hel')
    await settled()
    const lost = () => new StreamError('connect_failed', 'no', { url: '/' })
    transport.failNext(...Array.from({ length: 5 }, lost))
    last().cut()
    for (let attempt = 0; attempt < 6; attempt++) {
      await settled()
      environment.advance(20_000)
    }
    await sent
    expect(chat.status).toBe('error')
    const again = make()
    again.messages = chat.messages.slice(0, 1)
    // It is still away, and comes back.
    transport.failNext(lost())
    const resumed = again.resumeStream()
    await settled()
    environment.advance(0)
    await settled()
    last().write('lo')
    last().end()
    await resumed
    expect(partsOf(again)).toEqual([['text', 'Hello']])
  })

  it('has a stop that stops the model after a reload, too', async () => {
    const { chat, make, last, kept } = setUp()
    void chat.sendMessage({ text: 'Hello!' })
    await settled()
    last().write('Hel')
    await settled()
    const again = make()
    again.messages = chat.messages.slice(0, 1)
    void again.resumeStream()
    await settled()
    await again.stop()
    await settled()
    expect([last().isStopped, kept.size, again.status]).toEqual([true, 0, 'ready'])
    expect(partsOf(again)).toEqual([['text', 'Hel']])
  })

  it('stops nothing when an answer is taken up twice: the second takes the place of the first', async () => {
    const { chat, make, last } = setUp()
    void chat.sendMessage({ text: 'Hello!' })
    await settled()
    last().write('Hel')
    await settled()
    const again = make()
    again.messages = chat.messages.slice(0, 1)
    const first = again.resumeStream()
    const early = again.resumeStream()
    await settled()
    // Also when the first has begun.
    const second = again.resumeStream()
    await settled()
    expect([last().isStopped, last().readers]).toEqual([false, 2])
    last().write('lo')
    last().end()
    await Promise.all([first, early, second])
    expect(partsOf(again)).toEqual([['text', 'Hello']])
    expect(again.messages).toHaveLength(2)
  })

  it('says so where the server forgets an answer in the middle', async () => {
    const { chat, last, transport, environment } = setUp()
    const sent = chat.sendMessage({ text: 'Hello!' })
    await settled()
    last().write('Hel')
    await settled()
    transport.resume = async () => null
    last().cut()
    await settled()
    environment.advance(0)
    await sent
    expect(String(chat.error)).toContain('the server no longer has the answer')
    expect(partsOf(chat)).toEqual([['text', 'Hel']])
  })

  it('has a stop that stops the model', async () => {
    const { chat, last, kept } = setUp()
    void chat.sendMessage({ text: 'Hello!' })
    await settled()
    last().write('Hel')
    await settled()
    await chat.stop()
    await settled()
    expect(last().isStopped).toBe(true)
    expect(kept.size).toBe(0)
    expect(chat.status).toBe('ready')
    expect(partsOf(chat)).toEqual([['text', 'Hel']])
  })

  it('does not forget the answer that is on its way when an earlier one ends late', async () => {
    const { transport, last, kept, environment } = setUp()
    const ui = aiSdkTransport({ transport, environment, storage: storageOf(kept) })
    const ask = () =>
      ui.sendMessages({
        trigger: 'submit-message',
        chatId: 'c1',
        messageId: undefined,
        messages: [{ id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Hello!' }] }],
        abortSignal: undefined,
      })
    await ask()
    await settled()
    const first = last()
    await ask()
    await settled()
    first.end()
    await settled()
    expect([...kept.values()]).toEqual([last().streamId])
  })

  it('is sent with its steps one after the other: what was said after a result comes after it', async () => {
    const { transport, last, kept, environment } = setUp()
    const ui = aiSdkTransport({ transport, environment, storage: storageOf(kept) })
    const call = (toolCallId: string, city: string) =>
      ({ type: 'tool-weather', toolCallId, state: 'output-available', input: { city }, output: 'warm' }) as const
    await ui.sendMessages({
      trigger: 'submit-message',
      chatId: 'c1',
      messageId: undefined,
      messages: [
        { id: 'm1', role: 'user', parts: [{ type: 'text', text: 'How is Paris?' }] },
        {
          id: 'm2',
          role: 'assistant',
          parts: [
            { type: 'step-start' },
            { type: 'text', text: 'Let me look.' },
            call('call_1', 'Paris'),
            { type: 'step-start' },
            call('call_2', 'Rome'),
            { type: 'step-start' },
            { type: 'text', text: 'Warm.' },
          ],
        },
        { id: 'm3', role: 'user', parts: [{ type: 'text', text: 'Thanks!' }] },
      ],
      abortSignal: undefined,
    })
    await settled()
    const calls = (id: string, city: string) => [
      { id, type: 'function', function: { name: 'weather', arguments: JSON.stringify({ city }) } },
    ]
    expect(last().request.messages).toEqual([
      { role: 'user', content: 'How is Paris?' },
      { role: 'assistant', content: 'Let me look.', tool_calls: calls('call_1', 'Paris') },
      { role: 'tool', tool_call_id: 'call_1', content: 'warm' },
      { role: 'assistant', content: null, tool_calls: calls('call_2', 'Rome') },
      { role: 'tool', tool_call_id: 'call_2', content: 'warm' },
      { role: 'assistant', content: 'Warm.' },
      { role: 'user', content: 'Thanks!' },
    ])
  })

  it('only leaves when nobody reads any more', async () => {
    const { transport, last, kept, environment } = setUp()
    const ui = aiSdkTransport({ transport, environment, storage: storageOf(kept) })
    const abort = new AbortController()
    const stream = await ui.sendMessages({
      trigger: 'submit-message',
      chatId: 'c1',
      messageId: undefined,
      messages: [{ id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Hello!' }] }],
      abortSignal: abort.signal,
    })
    await settled()
    await stream.cancel()
    await settled()
    abort.abort()
    await settled()
    expect([last().readers, last().isStopped, kept.size]).toEqual([0, false, 1])
  })
})
