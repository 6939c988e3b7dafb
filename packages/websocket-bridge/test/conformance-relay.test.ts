import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { checkRelay, type CheckResult } from '../src/conformance/index.ts'
import { answerOf } from './support/chunks.ts'
import { createStage } from './support/listen.ts'
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

describe('the checks of a relay', () => {
  it('are passed by ours', async () => {
    const { socketUrl } = await serve({ open: ({ model }) => answer(model) })
    const results: CheckResult[] = []
    const longBody = { model: 'long', messages: [{ role: 'user', content: 'Go on' }] }
    for await (const result of checkRelay({ url: socketUrl, WebSocket, longBody })) results.push(result)
    expect(results.filter(({ outcome }) => outcome !== 'passed')).toEqual([])
    expect(results.length).toBeGreaterThan(25)
  }, 120_000)

  /** A relay that does one thing otherwise, and the check that finds it. */
  const faults: [string, Tampering, string][] = [
    [
      'loses a chunk',
      { server: (frame) => (frame.t === 'd' && frame.o === 3 && frame.n === 1 ? [] : [frame]) },
      'carries a stream to its end',
    ],
    [
      'damages a text',
      { server: (frame) => [frame.t === 'd' ? { ...frame, c: [{ choices: [] }] } : frame] },
      'carries a stream to its end',
    ],
    [
      'has a checksum of its own',
      { server: (frame) => [frame.t === 'end' ? { ...frame, h: '0' } : frame] },
      'carries a',
    ],
    ['says an end without a checksum', { server: (frame) => [frame.t === 'end' ? { t: 'end' } : frame] }, 'carries a'],
    ['answers no request', { server: (frame) => (frame.t === 'ok' ? [] : [frame]) }, 'gives one stream for one key'],
    [
      'forgets where a client was',
      { client: (frame) => [frame.t === 'sub' ? { ...frame, from: { e: 'x', o: 1 } } : frame] },
      'goes on from any position',
    ],
    [
      'forgets keys',
      { client: (frame) => [frame.t === 'start' ? { ...frame, key: String(Math.random()) } : frame] },
      'gives one stream for one key',
    ],
    [
      'sends data of what nobody follows',
      { client: (frame) => [frame.t === 'start' ? { ...frame, sub: true } : frame] },
      'sends nothing of a stream that was started without following it',
    ],
    ['closes with codes of its own', { closes: () => 4000 }, 'closes a socket that says not JSON'],
    ['says nothing of topics', { server: (frame) => (frame.t === 'stream' ? [] : [frame]) }, 'announces the streams'],
    [
      'leaves nobody alone',
      { client: (frame) => (frame.t === 'unsub' ? [{ t: 'topic', id: 'a', topic: 'x' }] : [frame]) },
      'sends no more of a stream that was left',
    ],
    [
      'does not mind what a client acknowledges',
      { client: (frame) => [frame.t === 'hello' ? { t: 'hello' } : frame] },
      'sends a client that acknowledges nothing',
    ],
    [
      'does not cancel',
      { client: (frame) => [frame.t === 'cancel' ? { t: 'topic', id: frame.id, topic: 'x' } : frame] },
      'stops a stream that is cancelled',
    ],
  ]
  it.each(faults)(
    'find a relay that %s',
    async (_name, tampering, only) => {
      const { socketUrl } = await serve({ open: ({ model }) => answer(model) })
      const proxy = await startTamperingRelay(socketUrl, tampering)
      proxies.push(proxy)
      const longBody = { model: 'long', messages: [{ role: 'user', content: 'Go on' }] }
      const results: CheckResult[] = []
      for await (const result of checkRelay({ url: proxy.url, WebSocket, longBody, only, timeoutMs: 2000 }))
        results.push(result)
      expect(results).toMatchObject([{ outcome: 'failed' }])
    },
    60_000,
  )
})
