import { randomNumbers } from '@deltawire/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import {
  type Answer,
  type Chat,
  type ChatTransport,
  createChat,
  directTransport,
  fetchTransport,
  type Message,
  type Toolbox,
} from '../src/index.ts'
import { createToolbox, defineTool } from '../src/tools.ts'
import { countedEnvironment } from './support/counted-environment.ts'
import { fakeBrowser } from './support/fake-tabs.ts'
import { answerTo, type Fault, faults, type FlakyBackend, flakyBackend } from './support/flaky-backend.ts'
import { settled } from './support/until.ts'

const closing: ChatTransport[] = []
afterEach(() => {
  for (const transport of closing.splice(0)) transport.close?.()
})

const FIRST_SEED = Number(process.env['DELTAWIRE_SEED'] ?? 1)
/** Even ones have calls, every fourth has approvals. */
const SEEDS = [0, 1, 2, 3].map((at) => FIRST_SEED + at)

type Way = 'backend that keeps nothing' | 'backend' | 'endpoint' | 'tabs'
let names = 0

function setUp(way: Way, fault: (method: string) => Fault | undefined, seed = 1) {
  const isResumable = way === 'backend' || way === 'tabs'
  const isCalling = seed % 2 === 0
  const backend = flakyBackend({ fault, isResumable, callsFor: (question) => isCalling && /[05]$/.test(question) })
  const { environment, left } = countedEnvironment()
  const options = { fetch: backend.fetch, environment, idleTimeoutMs: 20_000 }
  const own: ChatTransport =
    way === 'endpoint'
      ? directTransport({ baseURL: 'http://test/v1', ...options })
      : fetchTransport({ url: 'http://test/chat', ...options })
  let transport = own
  if (way === 'tabs') {
    const browser = fakeBrowser()
    const name = `life-${++names}`
    const [leader, follower] = [browser.open(own, { name, environment }), browser.open(own, { name, environment })]
    closing.push(leader.transport, follower.transport)
    ;({ transport } = follower)
  }
  const f = defineTool({ parameters: z.object({}), needsApproval: () => seed % 4 === 0 })
  const tools = (isCalling ? createToolbox({ f }) : undefined) as Toolbox | undefined
  let ids = 0
  const chat = createChat({ transport, environment, tools, generateId: () => `id-${++ids}` })
  return { backend, environment, left, chat }
}

/** Lets time pass and models write until nothing happens any more. */
async function calm(chat: Chat, backend: FlakyBackend, environment: { advance(ms: number): void; wake(): void }) {
  for (let turns = 0; turns < 300; turns++) {
    await settled()
    if (/ready|error/.test(chat.getSnapshot().status)) return
    backend.write(1_000)
    environment.advance(5_000)
  }
}

const textOf = ({ parts }: Message): string => parts.map((part) => (part.type === 'text' ? part.text : '')).join('')

/** What is wrong: an answer mixed into another, or something that is there twice. */
function wrongIn({ messages, queued }: { messages: readonly Message[]; queued: readonly Message[] }): string[] {
  const ids = [...messages, ...queued].map(({ id }) => id)
  const wrong = ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `${id} is there twice`)
  let question = ''
  for (const message of messages) {
    const text = textOf(message)
    if (message.role === 'user') question = text
    else if (!answerTo(question).startsWith(text) || (message.finishReason === 'stop' && text !== answerTo(question)))
      wrong.push(`${text} is no answer to ${question}`)
  }
  return wrong
}

describe.each<Way>(['backend', 'backend that keeps nothing', 'endpoint', 'tabs'])('over a chat with a %s,', (way) => {
  it.each(faults)('whatever fails once (%s) is over with the next question', async (fault) => {
    const failing: (Fault | undefined)[] = [fault]
    const { chat, backend, environment, left } = setUp(way, () => failing.shift())
    const first = chat.sendMessage('one')
    await calm(chat, backend, environment)
    await first
    expect(wrongIn(chat.getSnapshot())).toEqual([])
    const second = chat.sendMessage('two')
    await calm(chat, backend, environment)
    expect(await second).toMatchObject({ error: null, message: { parts: [{ text: answerTo('two') }] } })
    expect(chat.getSnapshot()).toMatchObject({ status: 'ready', connection: 'idle', error: null, queued: [] })
    expect(wrongIn(chat.getSnapshot())).toEqual([])
    expect([left(), backend.open]).toEqual([{ timers: 0, listeners: 0, frames: 0 }, 0])
  })

  it.each(faults)('whatever fails for ever (%s) ends, and is over when it fails no more', async (fault) => {
    let isFailing = true
    const { chat, backend, environment, left } = setUp(way, () => (isFailing ? fault : undefined))
    const first = chat.sendMessage('one')
    await calm(chat, backend, environment)
    const { error } = await first
    if (error !== null) expect(chat.getSnapshot()).toMatchObject({ status: 'error', connection: 'idle', error })
    isFailing = false
    const again = chat.regenerate()
    await calm(chat, backend, environment)
    expect(await again).toMatchObject({ error: null, message: { parts: [{ text: answerTo('one') }] } })
    expect(chat.getSnapshot().messages).toHaveLength(2)
    expect([left(), backend.open]).toEqual([{ timers: 0, listeners: 0, frames: 0 }, 0])
  })

  it.each(Array.from({ length: 15 }, (_, step) => 2 * step))(
    'stop after %i steps is the end, and the next question is answered',
    async (turns) => {
      const { chat, backend, environment, left } = setUp(way, () => undefined)
      const first = chat.sendMessage('one')
      for (let turn = 0; turn < turns; turn++) {
        if (turn % 6 === 5) backend.write(3)
        if (turn < 12) await Promise.resolve()
        else await new Promise((resolve) => setImmediate(resolve))
      }
      const stops = [chat.stop(), chat.stop()]
      const second = chat.sendMessage('two')
      stops.push(chat.stop())
      const third = chat.sendMessage('three')
      await calm(chat, backend, environment)
      environment.advance(20_000)
      await Promise.all([first, second, ...stops])
      expect(await third).toMatchObject({ error: null, message: { parts: [{ text: answerTo('three') }] } })
      expect(wrongIn(chat.getSnapshot())).toEqual([])
      await settled()
      expect([left(), backend.open]).toEqual([{ timers: 0, listeners: 0, frames: 0 }, 0])
    },
  )

  it.each(SEEDS)('five hundred turns of anything leave a chat that answers: %i', async (seed) => {
    const random = randomNumbers(seed * 7_919)
    const below = (n: number): number => Math.floor(random() * n)
    let isFailing = true
    const fault = (): Fault | undefined => (isFailing && random() < 0.25 ? faults[below(faults.length)] : undefined)
    const { chat, backend, environment, left } = setUp(way, fault, seed)
    const pending = new Set<Promise<unknown>>()
    const errors: unknown[] = []
    /** What was asked, and not taken back. */
    const asked = new Set<string>()
    const ends: (() => void)[] = []
    let count = 0

    function await_(promise: Promise<unknown>, check: (value: never) => void = () => {}): void {
      pending.add(promise)
      promise.then(
        (value) => {
          pending.delete(promise)
          check(value as never)
        },
        (error: unknown) => {
          pending.delete(promise)
          errors.push(error)
        },
      )
    }
    const answered = (question: string) => (answer: Answer) => {
      if (answer.error?.code === 'busy') asked.delete(question)
      if (answer.message !== null && !answerTo(question).startsWith(textOf(answer.message)))
        errors.push(`${textOf(answer.message)} was given for ${question}`)
    }
    const forgetAfter = (at: number): void => {
      for (const message of chat.getSnapshot().messages.slice(at)) asked.delete(textOf(message))
    }
    const users = (): Message[] => chat.getSnapshot().messages.filter(({ role }) => role === 'user')
    const calls = (state: string): string[] =>
      chat
        .getSnapshot()
        .messages.flatMap(({ parts }) => parts)
        .flatMap((part) => (part.type === 'tool-call' && part.state === state ? [part.id] : []))

    const acts: (() => void)[] = [
      () => {
        const question = `q${++count}`
        asked.add(question)
        await_(chat.sendMessage(question), answered(question))
      },
      () => {
        const question = `q${++count}`
        asked.add(question)
        await_(chat.sendMessage(question, { whenBusy: 'interrupt' }), answered(question))
      },
      () => {
        const question = `q${++count}`
        asked.add(question)
        await_(chat.sendMessage(question, { whenBusy: 'reject' }), answered(question))
      },
      () => await_(chat.stop()),
      () => chat.disconnect(),
      () => await_(chat.resume()),
      () => {
        const all = users()
        const message = all[below(all.length)]
        if (message === undefined) return
        const at = chat.getSnapshot().messages.indexOf(message)
        const question = textOf(message)
        forgetAfter(at)
        asked.add(question)
        await_(chat.regenerate({ messageId: message.id }), answered(question))
      },
      () => {
        const all = users()
        const message = all[below(all.length)]
        if (message === undefined) return
        const at = chat.getSnapshot().messages.indexOf(message)
        const question = `q${++count}`
        forgetAfter(at)
        asked.add(question)
        await_(chat.editMessage(message.id, question), answered(question))
      },
      () => {
        const [call] = calls('ready')
        if (call !== undefined)
          (chat as Chat<never>).addToolResult({ toolCallId: call, tool: 'f' as never, result: 1 as never })
      },
      () => {
        const [call] = calls('approval')
        if (call !== undefined) chat.approveTool(call, random() < 0.5)
      },
      () => {
        if (random() < 0.8) return
        forgetAfter(0)
        chat.setMessages([])
      },
      () => chat.clearError(),
      () => void ends.push(chat.subscribe(() => {})),
      () => ends.splice(below(ends.length + 1), 1)[0]?.(),
      () => {
        environment.isHidden = random() < 0.3
        environment.isOnline = random() < 0.7
        if (!environment.isHidden) environment.wake()
      },
      () => environment.advance([10, 300, 3_000, 25_000][below(4)] ?? 0),
      () => environment.paint(),
      () => backend.write(below(6)),
      () => backend.write(below(6)),
      () => backend.write(20),
    ]
    for (let turn = 0; turn < 500; turn++) {
      acts[below(acts.length)]?.()
      for (let rest = below(4); rest > 0; rest--)
        if (random() < 0.5) await Promise.resolve()
        else await new Promise((resolve) => setImmediate(resolve))
      expect(wrongIn(chat.getSnapshot())).toEqual([])
    }
    isFailing = false
    Object.assign(environment, { isHidden: false, isOnline: true })
    environment.wake()
    await calm(chat, backend, environment)
    // Whatever waited behind an answer that broke off goes on with the next question.
    const last = chat.sendMessage('last')
    for (let turns = 0; turns < 200 && chat.getSnapshot().queued.length + pending.size > 0; turns++) {
      await calm(chat, backend, environment)
      for (const id of calls('approval')) chat.approveTool(id, false)
      for (const id of calls('ready'))
        (chat as Chat<never>).addToolResult({ toolCallId: id, tool: 'f' as never, result: 1 as never })
    }
    await calm(chat, backend, environment)
    expect(errors).toEqual([])
    expect(pending.size).toBe(0)
    expect(await last).toMatchObject({ error: null })
    expect(textOf((await last).message as Message)).toBe(answerTo('last'))
    expect(chat.getSnapshot()).toMatchObject({ status: 'ready', connection: 'idle', error: null, queued: [] })
    expect(wrongIn(chat.getSnapshot())).toEqual([])
    const texts = users().map(textOf)
    expect(texts.filter((text) => text !== 'last').toSorted()).toEqual([...asked].toSorted())
    for (const end of ends) end()
    chat.dispose()
    // Who stops a stream without a name waits for it.
    environment.advance(20_000)
    await settled()
    expect([left(), backend.open]).toEqual([{ timers: 0, listeners: 0, frames: 0 }, 0])
  })
})
