import { StreamError } from '@deltawire/core'
import { afterEach, describe, expect, it } from 'vitest'
import { type ChatTransport, createChat, page } from '../src/index.ts'
import { createScriptedTransport } from '../src/testing.ts'
import { fakeBrowser } from './support/fake-tabs.ts'
import { until } from './support/until.ts'

let names = 0
const opened: ChatTransport[] = []
afterEach(() => {
  for (const transport of opened.splice(0)) transport.close?.()
})

function setUp() {
  const browser = fakeBrowser()
  const server = createScriptedTransport()
  // What is waited for is at once.
  const environment = { ...page, random: () => 0 }
  const name = `tabs-${++names}`
  const open = (inner: ChatTransport = server, own = name) => {
    const tab = browser.open(inner, { name: own, environment })
    opened.push(tab.transport)
    const chat = createChat({ transport: tab.transport, environment, resume: 'manual' })
    const text = () =>
      chat
        .getSnapshot()
        .messages.at(-1)
        ?.parts.map((part) => ('text' in part ? part.text : part.type))
        .join('|')
    return { ...tab, chat, text }
  }
  return { ...browser, server, open }
}

describe('a transport of tabs that was closed', () => {
  it.each(['leads', 'follows'])('in the middle of an answer goes on by itself, where it %s', async (role) => {
    const { open, server } = setUp()
    const [first, second] = [open(), open()]
    const tab = role === 'leads' ? first : second
    const answer = tab.chat.sendMessage('One')
    await until(() => server.streams.length === 1)
    server.streams[0]?.write('par')
    await until(() => tab.text() === 'par')
    tab.transport.close?.()
    await until(() => server.calls.at(-1)?.verb === 'resume')
    server.streams[0]?.write('tial')
    server.streams[0]?.end()
    expect(await answer).toMatchObject({ error: null, message: { parts: [{ text: 'partial' }] } })
  })

  it.each(['leads', 'follows'])('sends, stops and takes up what is asked after that, where it has %s', async (role) => {
    const { open, server } = setUp()
    const [first, second] = [open(), open()]
    const tab = role === 'leads' ? first : second
    const before = tab.chat.sendMessage('One')
    await until(() => server.streams.length === 1)
    server.streams[0]?.end()
    await before
    tab.transport.close?.()
    tab.transport.close?.()
    const answer = tab.chat.sendMessage('Two')
    await until(() => server.streams.length === 2)
    server.streams[1]?.write('2')
    await until(() => tab.text() === '2')
    tab.chat.disconnect()
    void tab.chat.resume()
    await until(() => server.streams[1]?.readers === 1)
    expect(await tab.chat.stop()).toEqual({ stopped: true })
    expect(await answer).toMatchObject({ error: null })
  })

  it('before it knew who leads answers as well', async () => {
    const { open, server } = setUp()
    const tab = open()
    tab.transport.close?.()
    const answer = tab.chat.sendMessage('One')
    await until(() => server.streams.length === 1)
    server.streams[0]?.end()
    expect(await answer).toMatchObject({ error: null })
  })

  it('does not leave a stop without an answer', async () => {
    const { open, server } = setUp()
    open({ ...server, stop: () => new Promise(() => {}) })
    const tab = open()
    void tab.chat.sendMessage('One')
    await until(() => server.streams.length === 1)
    const stopping = tab.chat.stop()
    tab.transport.close?.()
    expect(await stopping).toEqual({ stopped: true })
  })
})

describe('a tab', () => {
  it('that may have no locks has a connection of its own', async () => {
    const { locks, open, server } = setUp()
    locks.refusal = new DOMException('The page is of no origin', 'SecurityError')
    const tab = open()
    const answer = tab.chat.sendMessage('One')
    await until(() => server.streams.length === 1)
    server.streams[0]?.write('1')
    server.streams[0]?.end()
    expect(await answer).toMatchObject({ error: null, message: { parts: [{ text: '1' }] } })
  })

  it.each(['freezes', 'goes'])('that follows and %s leaves what it read', async (how) => {
    // What is not kept is generated for nobody.
    const server = createScriptedTransport({ isResumable: false })
    const { open } = setUp()
    const leader = open(server)
    const other = open(server)
    void leader.chat.sendMessage('One')
    await until(() => server.streams.length === 1)
    server.streams[0]?.end()
    void other.chat.sendMessage('Two')
    await until(() => server.streams[1]?.readers === 1)
    if (how === 'freezes') other.freeze()
    else other.unload()
    await until(() => server.streams[1]?.readers === 0)
    expect(server.calls.map(({ verb }) => verb)).toEqual(['send', 'send'])
  })

  it('that leads, freezes and comes back loses no answer of its own or of others', async () => {
    const { open, server } = setUp()
    const [leader, other] = [open(), open()]
    const answers = [leader.chat.sendMessage('One'), other.chat.sendMessage('Two')]
    await until(() => server.streams.length === 2)
    for (let round = 0; round < 5; round++) {
      for (const stream of server.streams) stream.write(String(round))
      await until(() => leader.text() === other.text() && leader.text()?.endsWith(String(round)) === true)
      leader.freeze()
      await until(() => server.calls.at(-1)?.verb === 'resume')
      leader.thaw()
      await until(() => server.streams.every(({ readers }) => readers === 1))
    }
    for (const stream of server.streams) stream.end()
    for (const answer of answers)
      expect(await answer).toMatchObject({ error: null, message: { parts: [{ text: '01234' }] } })
  })

  it('of another user hears and leads nothing of ours', async () => {
    const { open, server, locks } = setUp()
    const others = createScriptedTransport()
    const [ours, theirs] = [open(), open(others, `another-${names}`)]
    void ours.chat.sendMessage('One')
    void theirs.chat.sendMessage('Two')
    await until(() => server.streams.length === 1 && others.streams.length === 1)
    expect(locks.held).toBe(2)
    server.streams[0]?.write('ours')
    others.streams[0]?.write('theirs')
    await until(() => ours.text() === 'ours' && theirs.text() === 'theirs')
  })

  it('tells of an error as it was, and asks again', async () => {
    const { open, server } = setUp()
    open()
    const tab = open()
    server.failNext(new StreamError('http_status', 'no', { status: 401, headers: {}, body: '' }))
    expect(await tab.chat.sendMessage('One')).toMatchObject({ error: { code: 'http_status', status: 401 } })
    const answer = tab.chat.regenerate()
    await until(() => server.streams.length === 1)
    server.streams[0]?.end()
    expect(await answer).toMatchObject({ error: null })
  })
})
