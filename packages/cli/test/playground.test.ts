import type { ChatCompletionRequest } from '@deltawire/core'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { demoAnswer } from '../src/playground/demo-answer.ts'
import { createMeteredModel } from '../src/playground/metered-model.ts'
import { type Playground, startPlayground } from '../src/playground/start-playground.ts'
import { clockWith, createFakeClock } from './fake-clock.ts'

const question = (lane: string, pace = '60'): ChatCompletionRequest => ({
  model: 'playground',
  messages: [{ role: 'user', content: 'Hello!' }],
  metadata: { lane, pace },
  stream: true,
})

const ask = (body: ChatCompletionRequest, signal?: AbortSignal): Request =>
  new Request('http://127.0.0.1/v1/chat/completions', {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
    ...(signal && { signal }),
  })

describe('a model that can be watched', () => {
  it('writes the script at the pace that the request names', async () => {
    const clock = createFakeClock()
    const { handler, meters } = createMeteredModel({ clock })
    await (await handler(ask(question('relay', '100')))).text()
    const script = demoAnswer().length
    expect(meters.relay).toEqual({ generating: 0, requests: 1, chunks: script })
    expect([meters.direct.requests, meters.backend.requests]).toEqual([0, 0])
    // The first is due at once, and the last one pace before the end.
    expect(clock.now()).toBeCloseTo((script - 1) * 10)
  })

  it('takes a pace that is none for the usual one', async () => {
    for (const pace of ['0', '-1', 'fast', '1e9']) {
      const clock = createFakeClock()
      await (await createMeteredModel({ clock }).handler(ask(question('direct', pace)))).text()
      expect(clock.now(), `the pace ${pace}`).toBeCloseTo(((demoAnswer().length - 1) * 1000) / 60)
    }
  })

  it('is silent as soon as its reader has gone', async () => {
    const { handler, meters } = createMeteredModel({ clock: clockWith(sleepUntilAborted) })
    const response = await handler(ask(question('direct')))
    const reader = response.body?.getReader()
    await reader?.read()
    expect(meters.direct.generating).toBe(1)
    const { chunks } = meters.direct
    await reader?.cancel()
    await expect.poll(() => meters.direct.generating).toBe(0)
    expect(meters.direct.chunks).toBe(chunks)
  })

  it('refuses once in every lane, and says when to come back', async () => {
    const { handler, refuseOnce, meters } = createMeteredModel({ clock: createFakeClock() })
    refuseOnce()
    for (const lane of ['direct', 'backend', 'relay'] as const) {
      const refused = await handler(ask(question(lane)))
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
      expect((await handler(ask(question(lane)))).status).toBe(200)
      expect(meters[lane].requests).toBe(2)
    }
  })

  it('goes on from a chunk of the script, and has not been asked again', async () => {
    const { goOn, meters } = createMeteredModel({ clock: createFakeClock() })
    const rest = []
    for await (const chunk of goOn(question('relay'), 100, new AbortController().signal) ?? []) rest.push(chunk)
    expect(rest).toEqual(demoAnswer().slice(100))
    expect(meters.relay).toEqual({ generating: 0, requests: 0, chunks: rest.length })
  })

  it('cannot go on with what another endpoint wrote', () => {
    const endpoint = { baseURL: 'http://127.0.0.1:1/v1', apiKey: '', model: 'any' }
    const { goOn } = createMeteredModel({ clock: createFakeClock(), endpoint })
    expect(goOn(question('relay'), 1, new AbortController().signal)).toBe(undefined)
  })
})

describe('what can go wrong in a playground', () => {
  let playground: Playground
  afterEach(() => playground.close())

  const start = async () => {
    playground = await startPlayground({
      files: { serve: (_, res) => void res.end() },
      clock: systemClock,
    })
    const { origin } = new URL(playground.url)
    const call = (path: string, from?: string, method = 'POST') =>
      fetch(`${playground.url}playground/${path}`, { method, headers: from === undefined ? {} : { origin: from } })
    return { origin, call }
  }

  it('can be called by its own page only', async () => {
    const { origin, call } = await start()
    for (const path of ['cut', 'kill', 'refuse']) {
      for (const other of [
        undefined,
        'null',
        'https://example.com',
        origin.replace(/\d+$/, '1'),
        `${origin}.example.com`,
      ])
        expect((await call(path, other)).status, `${path} from ${other}`).toBe(403)
      expect((await call(path, origin, 'GET')).status).toBe(404)
    }
    const before = (await (await call('ways', origin, 'GET')).json()) as { relay: string }
    expect((await call('kill', origin)).status).toBe(200)
    const relay = async () => ((await (await call('ways', origin, 'GET')).json()) as { relay: string }).relay
    await expect.poll(relay).not.toBe(before.relay)
  })

  it('is not refused by a call that was', async () => {
    const { call } = await start()
    await call('refuse', 'https://example.com')
    const url = `${playground.modelURL}/chat/completions`
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(question('direct', '5000')) })
    expect(response.status).toBe(200)
    await response.body?.cancel()
  })

  it('ends with everything that it started', async () => {
    const { call } = await start()
    await playground.close()
    await expect(call('meter', undefined, 'GET')).rejects.toThrow('fetch failed')
    await expect(fetch(playground.modelURL)).rejects.toThrow('fetch failed')
  })
})

const sleepUntilAborted = (_: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
