import { type ChatCompletionChunk, encodeChunk, encodeDone } from '@deltawire/core'
import { streamChatCompletion, toNodeListener } from '@deltawire/node'
import { createRelay, type Relay } from '@deltawire/websocket-bridge'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { followEvents, type Follower, followSocket } from './support/follow.ts'
import { judge, noFaults } from './support/judge.ts'
import { createTruth, prefixesOf, type Truth } from './support/truth.ts'

/** What a model's server says, as it goes over the wire, and whether it then breaks the connection. */
interface Said {
  readonly pieces: readonly Uint8Array[]
  readonly breaks?: boolean
}

const opened: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  // A server that listens on a port has one.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A relay before an upstream that says this, whatever it is asked. */
async function relayOf(said: Said): Promise<{ origin: string; socketURL: string; relay: Relay; asked: () => number }> {
  let asked = 0
  const upstream = createServer((_request, response) => {
    asked++
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    void (async () => {
      for (const piece of said.pieces) {
        if (!response.write(piece)) await once(response, 'drain')
        // Each piece is one read of the other side.
        await new Promise((resolve) => setImmediate(resolve))
      }
      if (said.breaks === true) response.destroy()
      else response.end()
    })().catch(() => {})
  })
  const baseURL = await listen(upstream)
  const relay = createRelay({
    open: (request, { signal }) => streamChatCompletion(request, { baseURL, apiKey: 'k', signal, maxRetries: 0 }),
  })
  opened.push(() => relay.close())
  const server = createServer(toNodeListener(relay.handle))
  relay.attach(server)
  const origin = await listen(server)
  return { origin, socketURL: `${origin.replace('http', 'ws')}/v1/socket`, relay, asked: () => asked }
}

/** How an answer ended for readers of both doors, early and late, and what stands against the truth. */
async function verdictOf(said: Said, truth: Truth) {
  const all = await relayOf(said)
  const response = await fetch(`${all.origin}/v1/streams`, {
    method: 'POST',
    body: JSON.stringify({ key: 'k', body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true } }),
  })
  const { id } = (await response.json()) as { id: string }
  const follow = (): Follower[] => [followSocket(id, 'socket', () => all), followEvents(id, 'events', () => all)]
  const readers = follow()
  await Promise.all(readers.map(({ over }) => over))
  readers.push(...follow())
  await Promise.all(readers.map(({ over }) => over))
  const faults = noFaults()
  const ends = new Set(readers.map(({ log }) => `${log.end} at ${judge(log, truth, faults)}`))
  const { error } = (await (await fetch(`${all.origin}/v1/streams/${id}`)).json()) as { error?: { code: string } }
  return { faults, ends: [...ends], code: error?.code, asked: all.asked() }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const LENGTH = 24
const truth = await createTruth(71, LENGTH)
/** The events of the truth, without the last word. */
const events = truth.recording.events
  .map(({ bytes }) => new TextDecoder().decode(bytes))
  .filter((text) => !text.includes('[DONE]'))
const chunks = events.map((event) => JSON.parse(event.slice('data: '.length)) as ChatCompletionChunk)
const done = encodeDone()

const all = events.join('')
const first = (count: number): string => events.slice(0, count).join('')
const after = (count: number): string => events.slice(count).join('')
const huge = (characters: number): ChatCompletionChunk => ({
  ...chunkAt(10),
  choices: [{ index: 0, delta: { content: 'x'.repeat(characters) }, finish_reason: null }],
})

function chunkAt(at: number): ChatCompletionChunk {
  const chunk = chunks[at]
  if (chunk === undefined) throw new Error(`there are ${LENGTH} chunks`)
  return chunk
}

interface Outcome {
  readonly ends: string
  readonly code?: string
  /** What it said, where that is not of the truth. */
  readonly of?: readonly ChatCompletionChunk[]
}
const whole: Outcome = { ends: `done at ${LENGTH}` }

describe('an upstream', () => {
  it.each<[does: string, text: string, outcome: Outcome, breaks?: boolean]>([
    ['ends as it should', all + done, whole],
    ['ends without [DONE], after the finish reason', all, whole],
    ['ends without either', first(LENGTH - 1), { ends: 'failed at 23', code: 'incomplete_stream' }],
    ['breaks off after the finish reason', all, { ends: 'failed at 24', code: 'connection_lost' }, true],
    ['breaks off in the middle', first(9), { ends: 'failed at 9', code: 'connection_lost' }, true],
    ['says [DONE] without a finish reason', first(LENGTH - 1) + done, { ends: 'done at 23' }],
    ['says [DONE] too early, and goes on', first(10) + done + after(10), { ends: 'done at 10' }],
    ['goes on after [DONE]', all + done + events.slice(3, 5).join(''), whole],
    [
      'changes its id in the middle',
      chunks.map((chunk, at) => encodeChunk({ ...chunk, id: at % 2 === 0 ? 'a' : 'b' })).join('') + done,
      whole,
    ],
    ['says nothing', '', { ends: 'failed at 0', code: 'no_chunk' }],
    ['says nothing but [DONE]', done, { ends: 'failed at 0', code: 'no_chunk' }],
    [
      'says what is no JSON',
      `${first(10)}data: {"choices":[{]}\n\n${after(10)}${done}`,
      { ends: 'failed at 10', code: 'invalid_json' },
    ],
    [
      'says a NUL in the middle of an event',
      first(10) + first(11).slice(first(10).length).replace('{', '{\0') + after(11) + done,
      { ends: 'failed at 10', code: 'invalid_json' },
    ],
    [
      'says comments and fields that nobody knows, with NULs',
      `:\0\n\n\0x: 1\n\n${first(10)}: keep-alive\n\n\0\n\n${after(10)}${done}`,
      whole,
    ],
    ['begins with a byte order mark', `\uFEFF${all}${done}`, whole],
    ['ends its lines with CR LF', (all + done).replaceAll('\n', '\r\n'), whole],
    ['ends its lines with CR', (all + done).replaceAll('\n', '\r'), whole],
    [
      'says more at once than a stream may have',
      first(10) + encodeChunk(huge(5_000_000)) + done,
      { ends: 'limit at 11', code: 'limit_exceeded', of: [...chunks.slice(0, 10), huge(5_000_000)] },
    ],
    [
      'says more at once than an event may have',
      first(10) + encodeChunk(huge(20_000_000)) + done,
      { ends: 'failed at 10', code: 'limit_exceeded' },
    ],
  ])(
    'that %s gives every reader of both doors one end at one place',
    async (_does, text, { ends, code, of = chunks }, breaks = false) => {
      // What was said until then is all that there is of it.
      const length = Number(ends.split(' at ')[1])
      const prefixes = prefixesOf(of)
      const said: Truth = { ...truth, length, at: (offset) => prefixes[offset] ?? '' }
      const verdict = await verdictOf({ pieces: [bytesOf(text)], breaks }, said)
      expect(verdict).toEqual({ faults: noFaults(), ends: [ends], code, asked: 1 })
    },
  )

  it.each([1, 2, 7, 61])('whose events are cut after each %i bytes says the same', async (size) => {
    const bytes = bytesOf(all + done)
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.subarray(at * size, (at + 1) * size),
    )
    expect(await verdictOf({ pieces }, truth)).toEqual({
      faults: noFaults(),
      ends: [whole.ends],
      code: undefined,
      asked: 1,
    })
  })
})
