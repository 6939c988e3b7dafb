import { describeWithProgram } from '@deltawire/testkit/describe'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { LabApi } from '../apps/lab.ts'
import { bundleApp, bundleCode, pageOf } from '../support/browser-lab.ts'
import { type ChatServer, chunksOf } from '../support/chat-server.ts'
import { type RelayServer, serveRelay } from '../support/relay-server.ts'
import { withBrowser } from '../support/with-browser.ts'

const WORDS = 40
const answerTo = (question: string): string => `${question}:${' word'.repeat(WORDS)}`

/** What was asked last. */
const questionIn = (request: unknown): string => {
  const { messages } = request as { messages: readonly { content: string }[] }
  return messages.at(-1)?.content ?? ''
}

describeWithProgram('chromium', 'a long life', (path) => {
  const { serve, newPage } = withBrowser(path)
  let server: ChatServer
  let relay: RelayServer
  beforeAll(async () => {
    const page = { html: pageOf('Long life'), script: await bundleApp('lab.ts') }
    server = await serve({
      script: (request) => ({ chunks: chunksOf(answerTo(questionIn(request))), pauseMs: 1 }),
      page,
    })
    relay = await serveRelay(
      () => chunksOf(answerTo('relay')),
      () => 1,
      page,
    )
  }, 60_000)
  afterAll(() => relay?.close())

  /** Frames of one page share locks and channels as tabs do, and are opened in a moment. */
  it('of ten tabs of two users that open, ask, stop, freeze and close at random', { timeout: 60_000 }, async () => {
    const page = await newPage()
    await page.goto(server.origin)
    const ended = await page.evaluate(async (words) => {
      let seed = 7
      const below = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n
      const wrong: string[] = []
      let count = 0
      interface Tab {
        readonly frame: HTMLIFrameElement
        readonly chat: ReturnType<LabApi['createChat']>
        readonly user: string
      }
      let tabs: Tab[] = []
      const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, below(4)))

      async function open(): Promise<void> {
        const frame = document.createElement('iframe')
        frame.src = '/'
        const loaded = new Promise((resolve) => frame.addEventListener('load', resolve))
        document.body.append(frame)
        await loaded
        const user = `user-${below(2)}`
        const { lab } = frame.contentWindow as Window
        const transport = lab.tabsTransport(lab.fetchTransport({ url: '/chat' }), { name: user })
        tabs.push({ frame, user, chat: lab.createChat({ transport, retry: { attempts: 50 } }) })
      }

      function close(tab: Tab | undefined): void {
        tabs = tabs.filter((other) => other !== tab)
        tab?.frame.remove()
      }

      /** Each answer is the beginning of that to its own question. */
      function look({ chat }: Tab): void {
        let question = ''
        for (const { role, parts, finishReason } of chat.getSnapshot().messages) {
          const text = parts.map((part) => ('text' in part ? part.text : '')).join('')
          const whole = `${question}:${' word'.repeat(words)}`
          if (role === 'user') question = text
          else if (!whole.startsWith(text) || (finishReason === 'stop' && text !== whole)) wrong.push(text)
        }
      }

      const acts: ((tab: Tab) => Promise<void> | void)[] = [
        () => (tabs.length < 10 ? open() : undefined),
        () => (tabs.length < 10 ? open() : undefined),
        (tab) => (tabs.length > 2 ? close(tab) : undefined),
        ({ chat, user }) => void chat.sendMessage(`${user} ${++count}`),
        ({ chat, user }) => void chat.sendMessage(`${user} ${++count}`, { whenBusy: 'interrupt' }),
        ({ chat }) => void chat.stop(),
        ({ chat }) => {
          chat.disconnect()
          void chat.resume()
        },
        ({ frame }) => void frame.contentDocument?.dispatchEvent(new Event('freeze')),
        ({ frame }) => void frame.contentDocument?.dispatchEvent(new Event('resume')),
      ]
      await open()
      await open()
      for (let round = 0; round < 100; round++) {
        const tab = tabs[below(tabs.length)]
        if (tab !== undefined) await acts[below(acts.length)]?.(tab)
        await turn()
        for (const each of tabs) look(each)
      }
      for (const { frame } of tabs) frame.contentDocument?.dispatchEvent(new Event('resume'))
      const answers = await Promise.all(
        tabs.map(async (tab) => {
          const { message, error } = await tab.chat.sendMessage('last', { whenBusy: 'interrupt' })
          look(tab)
          return [error, message?.parts.map((part) => ('text' in part ? part.text : '')).join('')]
        }),
      )
      const statuses = tabs.map(({ chat }) => chat.getSnapshot().queued.length)
      for (const tab of tabs) tab.frame.remove()
      return { wrong, answers, statuses, count }
    }, WORDS)
    expect(ended.wrong).toEqual([])
    expect(ended.count).toBeGreaterThan(10)
    expect(ended.answers.length).toBeGreaterThan(2)
    for (const answer of ended.answers) expect(answer).toEqual([null, answerTo('last')])
    await page.close()
    await expect.poll(() => server.streams.every(({ readers }) => readers === 0), { timeout: 20_000 }).toBe(true)
  })

  const signs = async (page: Page, way: 'fetch' | 'socket', seed: number) =>
    page.evaluate(
      async ([kind, first]) => {
        let state = first
        const below = (n: number): number => (state = (state * 48_271) % 2_147_483_647) % n
        const { lab } = window
        let hidden = false
        let onLine = true
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden })
        Object.defineProperty(navigator, 'onLine', { configurable: true, get: () => onLine })
        const tell = (type: string, target: EventTarget = window): void =>
          void target.dispatchEvent(new Event(type, { bubbles: true }))
        const inner =
          kind === 'socket' ? lab.webSocketTransport({ url: '/v1/socket' }) : lab.fetchTransport({ url: '/chat' })
        const transport = below(2) === 0 ? inner : lab.tabsTransport(inner, { name: `signs ${kind} ${first}` })
        const chat = lab.createChat({ transport, request: { model: 'm' } })
        const end = chat.subscribe(() => {})
        const acts: (() => unknown)[] = [
          () => ((onLine = false), tell('offline')),
          () => ((onLine = true), tell('online')),
          () => ((hidden = true), tell('visibilitychange', document)),
          () => ((hidden = false), tell('visibilitychange', document)),
          () => tell('pageshow'),
          () => tell('pagehide'),
          () => tell('freeze', document),
          () => tell('resume', document),
          () => void chat.sendMessage('relay'),
          () => void chat.sendMessage('relay', { whenBusy: 'interrupt' }),
          () => void chat.stop(),
          () => chat.disconnect(),
          () => void chat.resume(),
          // Where there is no question yet, there is nothing to ask again.
          () => chat.regenerate().catch(() => {}),
          () => chat.editMessage(chat.getSnapshot().messages[0]?.id ?? '', 'relay').catch(() => {}),
        ]
        for (let round = 0; round < 150; round++) {
          acts[below(acts.length)]?.()
          await new Promise((resolve) => setTimeout(resolve, below(3)))
        }
        hidden = false
        onLine = true
        tell('online')
        tell('visibilitychange', document)
        tell('resume', document)
        tell('pageshow')
        const { message, error } = await chat.sendMessage('relay', { whenBusy: 'interrupt' })
        end()
        chat.dispose()
        transport.close?.()
        const { connection } = chat.getSnapshot()
        return [error, connection, message?.parts.map((part) => ('text' in part ? part.text : '')).join('')]
      },
      [way, seed] as const,
    )

  it.each([
    ['fetch', 3],
    ['fetch', 8],
    ['socket', 3],
    ['socket', 8],
  ] as const)(
    'of a page that is told anything in any order answers at its end: %s, %i',
    { timeout: 60_000 },
    async (way, seed) => {
      const page = await newPage()
      await page.goto(way === 'socket' ? relay.origin : server.origin)
      const signals = signs(page, way, seed)
      if (way === 'socket') await expect.poll(() => relay.model.calls, { timeout: 20_000 }).toBeGreaterThan(0)
      if (way === 'socket') relay.cut()
      expect(await signals).toEqual([null, 'idle', answerTo('relay')])
      await page.close()
    },
  )

  it('of components that come and go leaves nobody listening', { timeout: 60_000 }, async () => {
    const other = await serve({
      script: () => ({ chunks: chunksOf('Hello') }),
      page: { html: pageOf('Components'), script: await bundleCode(components) },
    })
    const page = await newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    await page.goto(other.origin)
    const kept = await page.evaluate(() => (window as unknown as { run(): Promise<unknown> }).run())
    expect(kept).toEqual({
      React: { listening: 0, seen: 'two one' },
      Vue: { listening: 0, seen: 'two one' },
      Svelte: { listening: 0, seen: 'two one' },
      Solid: { listening: 0, seen: 'two one' },
      selected: ['one 0', 'two 0', 'two 1'],
      hidden: ['Hello', 'Hello'],
    })
    expect(errors).toEqual([])
    await page.close()
  })
})

const components = `
import { createChat } from '@deltawire/browser'
import { createScriptedTransport } from '@deltawire/browser/testing'
import { useChat, useChatSelector } from '@deltawire/browser/react'
import { fromChat } from '@deltawire/browser/solid'
import { toReadable } from '@deltawire/browser/svelte'
import { useChatRef } from '@deltawire/browser/vue'
import { Activity, StrictMode } from 'react'
import { flushSync } from 'react-dom'
import { createRoot } from 'react-dom/client'
import { createRoot as createOwner } from 'solid-js'
import { effectScope } from 'vue'

/** A chat that counts who listens to it. */
function counted(id) {
  const chat = createChat({ id, transport: createScriptedTransport() })
  const own = { ...chat, listening: 0 }
  const count = (subscribe) => (listener) => {
    const end = subscribe(listener)
    own.listening++
    return () => {
      own.listening--
      end()
    }
  }
  own.subscribe = count(chat.subscribe)
  own.select = (...args) => {
    const part = chat.select(...args)
    return { ...part, subscribe: count(part.subscribe) }
  }
  return own
}

const element = document.querySelector('#app')
function Status({ chat }) {
  return <p>{useChatSelector(chat, ({ id }) => id)} {useChat(chat).messages.length}</p>
}

const ways = {
  React(chats) {
    const root = createRoot(element)
    const seen = []
    for (const chat of chats) {
      flushSync(() => root.render(<StrictMode><Status chat={chat} /></StrictMode>))
      seen.unshift(element.textContent.split(' ')[0])
    }
    flushSync(() => root.unmount())
    return seen
  },
  Vue: (chats) =>
    chats.map((chat) => {
      const scope = effectScope()
      const { id } = scope.run(() => useChatRef(chat)).value
      scope.stop()
      return id
    }).reverse(),
  Svelte: (chats) =>
    chats.map((chat) => {
      let id
      toReadable(chat).subscribe((snapshot) => (id = snapshot.id))()
      return id
    }).reverse(),
  Solid: (chats) =>
    chats.map((chat) =>
      createOwner((dispose) => {
        const id = fromChat(chat, (snapshot) => snapshot.id)()
        dispose()
        return id
      }),
    ).reverse(),
}

/** A part of another chat, and another part of it, for the same component. */
function selected() {
  const root = createRoot(element)
  const shown = ({ chat, at }) => useChatSelector(chat, ({ id }) => id + ' ' + at)
  const Part = (props) => <p>{shown(props)}</p>
  const [one, two] = [counted('one'), counted('two')]
  const seen = [[one, 0], [two, 0], [two, 1]].map(([chat, at]) => {
    flushSync(() => root.render(<Part chat={chat} at={at} />))
    return element.textContent
  })
  flushSync(() => root.unmount())
  return seen
}

/** A component with a chat of its own that is hidden in the middle of an answer, and shown again. */
async function hidden() {
  const root = createRoot(element)
  const transport = createScriptedTransport()
  let chat
  function Own() {
    const state = useChat({ transport })
    chat = state.chat
    return <p>{state.messages.at(-1)?.parts.map(({ text }) => text).join('')}</p>
  }
  const show = (mode) => flushSync(() => root.render(<Activity mode={mode}><Own /></Activity>))
  const until = async (isSo) => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve))
  }
  show('visible')
  const answer = chat.sendMessage('Hello?')
  await until(() => transport.streams.length === 1)
  const [stream] = transport.streams
  stream.write('Hel')
  await until(() => element.textContent === 'Hel')
  show('hidden')
  await until(() => stream.readers === 0)
  stream.write('lo')
  stream.end()
  show('visible')
  await answer
  await until(() => chat.getSnapshot().status === 'ready' && element.textContent === 'Hello')
  const seen = [element.textContent, chat.getSnapshot().messages.at(-1).parts[0].text]
  flushSync(() => root.unmount())
  return seen
}

window.run = async () => {
  const ended = {}
  for (const [name, mountAll] of Object.entries(ways)) {
    const [one, two] = [counted('one'), counted('two')]
    let seen
    for (let round = 0; round < 100; round++) seen = mountAll([one, two])
    await new Promise((resolve) => setTimeout(resolve))
    ended[name] = { listening: one.listening + two.listening, seen: seen.join(' ') }
  }
  return { ...ended, selected: selected(), hidden: await hidden() }
}
`
