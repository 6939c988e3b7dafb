import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { checkRelay, type CheckResult } from '../src/conformance/index.ts'
import { RELAY_CASES } from '../src/conformance/relay-cases.ts'
import { answerOf } from './support/chunks.ts'
import { createStage } from './support/listen.ts'
import type { ServerFrame } from '../src/index.ts'
import { startTamperingRelay, type Tampering } from './tampering-relay.ts'

const { serve, clear } = createStage()
const proxies: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy.close()
  await clear()
})

const long = 'x'.repeat(200)

/** A provider that answers in a few chunks, or in many. */
async function* answer(model: string | undefined) {
  const chunks = answerOf(
    ...(model === 'long' ? Array.from({ length: 300 }, (_, n) => `${n} ${long}`) : ['Hel', 'lo ', 'world']),
  )
  for (const chunk of chunks) {
    yield chunk
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
}

/** Closes for reasons of its own. */
const closesOtherwise = (): Tampering => ({ closes: () => 4000 })

/** Sends nothing to who comes with a position. */
function forgetsPositions(): Tampering {
  let hasPosition = false
  return {
    client(frame) {
      hasPosition ||= frame.t === 'sub' && frame.from !== undefined
      return [frame]
    },
    server: (frame) => (hasPosition && frame.t === 'd' ? [] : [frame]),
  }
}

/** For each check a relay that does that one thing otherwise. */
const MUTANTS: { readonly [check: string]: () => Tampering } = {
  'welcomes a client that says hello': () => ({
    server: (frame) => [frame.t === 'welcome' ? { ...frame, windowLength: 0 } : frame],
  }),
  'takes frames that come right after hello, without a welcome': () => {
    let isWelcome = false
    return {
      client: (frame) => (frame.t === 'hello' || isWelcome ? [frame] : []),
      server(frame) {
        isWelcome ||= frame.t === 'welcome'
        return [frame]
      },
    }
  },
  'closes a socket that says nothing for three seconds': closesOtherwise,
  ...Object.fromEntries(
    RELAY_CASES.filter(({ name }) => /^closes a socket that (says (?!nothing for)|sends)/.test(name)).map(
      ({ name }) => [name, closesOtherwise],
    ),
  ),
  'ignores kinds of frames and fields that it does not know': () => ({
    client: (frame) => [(frame.t as string) === 'from-the-future' ? { t: 7 } : frame],
  }),
  'carries a stream to its end: no gap, nothing twice, the checksum of the sum': () => ({
    server: (frame) => (frame.t === 'd' && frame.o === 3 && frame.n === 1 ? [] : [frame]),
  }),
  'answers "start" before the first data': () => {
    let late: object[] = []
    return {
      server(frame) {
        if (frame.t === 'ok' && frame.fresh === true) {
          late = [frame]
          return []
        }
        return frame.t === 'd' ? [frame, ...late.splice(0)] : [frame]
      },
    }
  },
  'gives one stream for one key, however often it is sent': () => ({
    client: (frame) => [frame.t === 'start' ? { ...frame, key: String(Math.random()) } : frame],
  }),
  'refuses a key that was used with another body': () => ({
    server: (frame) => [frame.t === 'err' ? { t: 'ok', id: frame.id } : frame],
  }),
  'sends nothing of a stream that was started without following it': () => ({
    client: (frame) => [frame.t === 'start' ? { ...frame, sub: true } : frame],
  }),
  'gives a late joiner everything from offset 0, in one frame': () => ({
    server: (frame) =>
      frame.t === 'd' && frame.n === frame.o && frame.o > 1
        ? [{ ...frame, o: frame.o - 1, n: frame.n - 1 }, frame]
        : [frame],
  }),
  'goes on from any position, with what follows it': () => ({
    client: (frame) => [frame.t === 'sub' ? { ...frame, from: { e: 'x', o: 1 } } : frame],
  }),
  'gives the sum to a position with an epoch that never was': forgetsPositions,
  'gives the sum to a position with an offset that is not there yet': forgetsPositions,
  'begins again where the same stream is subscribed to again': () => {
    let subs = 0
    return {
      client: (frame) => [frame.t === 'sub' && ++subs > 1 ? { t: 'topic', id: frame.id, topic: 'x' } : frame],
    }
  },
  'refuses a stream that there is not, and says which request that was': () => ({
    server: (frame) => [frame.t === 'err' ? { ...frame, id: 'another' } : frame],
  }),
  'answers a cancel of a stream that has ended with how it ended': () => ({
    server: (frame) => [frame.t === 'ok' ? { ...frame, st: 'cancelled' } : frame],
  }),
  'announces the streams of a topic': () => ({ server: (frame) => (frame.t === 'stream' ? [] : [frame]) }),
  'tells of what lives in a topic before it answers who asks for it': () => {
    const late: ServerFrame[] = []
    return {
      server(frame) {
        if (frame.t !== 'stream') return [frame, ...late.splice(0)]
        late.push(frame)
        return []
      },
    }
  },
  'stops a stream that is cancelled, keeps what came, and ends once': () => ({
    client: (frame) => [frame.t === 'cancel' ? { t: 'topic', id: frame.id, topic: 'x' } : frame],
  }),
  'sends no more of a stream that was left': () => ({
    client: (frame) => (frame.t === 'unsub' ? [{ t: 'topic', id: 'a', topic: 'x' }] : [frame]),
  }),
  'sends a client that acknowledges nothing no more than its window, and then the sum of what it missed': () => ({
    client: (frame) => [frame.t === 'hello' ? { t: 'hello' } : frame],
  }),
}

describe('the checks of a relay', () => {
  it('are passed by ours', async () => {
    const { socketUrl } = await serve({ open: ({ model }) => answer(model) })
    const results: CheckResult[] = []
    const longBody = { model: 'long', messages: [{ role: 'user', content: 'Go on' }] }
    for await (const result of checkRelay({ url: socketUrl, WebSocket, longBody })) results.push(result)
    expect(results.filter(({ outcome }) => outcome !== 'passed')).toEqual([])
    expect(results.length).toBeGreaterThan(25)
  }, 120_000)

  it('have each a relay that does not pass it', () => {
    expect(Object.keys(MUTANTS).toSorted()).toEqual(RELAY_CASES.map(({ name }) => name).toSorted())
  })

  /** What the check says of a relay that was tampered with. */
  async function resultOf(only: string, tampering: Tampering): Promise<CheckResult | undefined> {
    const { socketUrl } = await serve({ open: ({ model }) => answer(model) })
    const proxy = await startTamperingRelay(socketUrl, tampering)
    proxies.push(proxy)
    const longBody = { model: 'long', messages: [{ role: 'user', content: 'Go on' }] }
    for await (const result of checkRelay({ url: proxy.url, WebSocket, longBody, only, timeoutMs: 2000 }))
      if (result.name === only) return result
    return undefined
  }

  it.each(Object.entries(MUTANTS))(
    'find the relay that does not do this: it %s',
    async (only, mutant) => {
      expect(await resultOf(only, mutant())).toMatchObject({ outcome: 'failed' })
    },
    60_000,
  )

  it.each<[string, Tampering]>([
    ['damages a text', { server: (frame) => [frame.t === 'd' ? { ...frame, c: [{ choices: [] }] } : frame] }],
    ['has a checksum of its own', { server: (frame) => [frame.t === 'end' ? { ...frame, h: '0' } : frame] }],
    ['says an end without a checksum', { server: (frame) => [frame.t === 'end' ? { t: 'end' } : frame] }],
    ['answers no request', { server: (frame) => (frame.t === 'ok' ? [] : [frame]) }],
  ])(
    'find a relay that %s',
    async (_name, tampering) => {
      const check = 'carries a stream to its end: no gap, nothing twice, the checksum of the sum'
      expect(await resultOf(check, tampering)).toMatchObject({ outcome: 'failed' })
    },
    60_000,
  )
})
