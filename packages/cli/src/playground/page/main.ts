import { type Chat, type ChatTransport, createChat, localChatStorage } from '@deltawire/browser'
import { tools } from './book-trip.ts'
import { find, text } from './elements.ts'
import { showLane } from './lane-view.ts'
import { showMeter } from './meter.ts'
import { replayTransport } from './replay-transport.ts'
import { isNaive, troubles } from './trouble.ts'
import { askWays, transportsOf } from './ways.ts'

const lanes = {
  direct: { title: 'Direct', how: 'fetch: gone with its connection' },
  backend: { title: 'Backend', how: 'server-sent events: a backend keeps the stream' },
  relay: { title: 'Relay', how: 'WebSocket: one connection for all tabs' },
} as const
type LaneName = keyof typeof lanes
const laneNames = Object.keys(lanes) as LaneName[]

/**
 * Without a server, as a page of a documentation: the answer comes from the page itself. The build says which it is, so that
 * neither page has what only the other needs.
 */
declare const isReplay: boolean

const prompt = find(document, '#prompt') as HTMLInputElement
const pace = find(document, '#pace') as HTMLSelectElement
const template = find(document, '#lane') as HTMLTemplateElement
const said = find(document, '#said')

async function start(): Promise<void> {
  const transports: Readonly<Record<LaneName, ChatTransport>> = isReplay
    ? { direct: replayTransport(false), backend: replayTransport(true), relay: replayTransport(true) }
    : transportsOf(await askWays())
  const shown = laneNames.map((name) => {
    const chat: Chat = createChat({
      id: name,
      transport: transports[name],
      tools,
      flush: isNaive ? 'sync' : 'auto',
      // What answers out of the page has forgotten it when the page is loaded again.
      storage: isReplay ? undefined : localChatStorage(`playground-${name}`),
      request: () => ({ model: 'playground', metadata: { lane: name, pace: pace.value } }),
    }) as Chat
    return { chat, ...showLane({ name, ...lanes[name], chat, isNaive }, template, find(document, '#lanes')) }
  })
  const chats = shown.map(({ chat }) => chat)

  find(document, '#question').addEventListener('submit', (event) => {
    event.preventDefault()
    for (const { chat, begin } of shown) {
      begin()
      // Each question begins anew, so that the lanes can be compared, and no model writes what nobody will see.
      void chat.stop()
      chat.setMessages([])
      void chat.sendMessage(prompt.value, { whenBusy: 'interrupt' })
    }
  })
  showTroubles(chats)
  if (!isReplay) showMeter(find(document, '#meter'))
  // For tests and for whoever opens the console.
  Object.assign(globalThis, { chats: Object.fromEntries(shown.map(({ chat }) => [chat.getSnapshot().id, chat])) })
}

function showTroubles(chats: readonly Chat[]): void {
  for (const { label, about, run, isServers, isOn } of troubles) {
    if (isReplay && isServers) continue
    const button = document.createElement('button')
    button.type = 'button'
    button.title = about
    if (label === 'Stop') button.className = 'stop'
    if (isOn !== undefined) button.setAttribute('aria-pressed', String(isOn))
    text(button, label)
    button.addEventListener('click', () => {
      text(said, about)
      void run(chats)
    })
    find(document, '#trouble').append(button)
  }
}

void start().catch((reason: unknown) => text(said, `The playground's server does not answer: ${String(reason)}`))
