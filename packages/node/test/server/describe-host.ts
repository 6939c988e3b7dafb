import { getEventListeners } from 'node:events'
import { mergeChunk, StreamError, toChatCompletion, type ChatCompletionChunk } from '@deltawire/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  ApiError,
  createChatHandler,
  type ChunkSource,
  type EventStreamInit,
  type FetchHandler,
  type OpenContext,
  type ServerResponseLike,
  type StreamEnd,
} from '../../src/index.ts'
import type { Answer, Asked, HostClient } from './host-client.ts'
import {
  chunkOf,
  manualTimers,
  ScriptedSource,
  shortAnswer,
  standstill,
  turnOfTheLoop,
  usage,
  usageChunk,
} from './script.ts'

/** What a host has to put on its routes. */
export interface HostApp {
  /** Below `/v1`. */
  handler: FetchHandler
  /** At `/direct`: what the helper for this kind of host is given. */
  direct(): { chunks: ChunkSource; init: EventStreamInit }
  /** Looks after the listeners of a response of Node.js, from before anything of ours has seen it. */
  watch(res: ServerResponseLike): void
}

export interface Host {
  client: HostClient
  /** How the helper at `/direct` tells of a source that fails at once. */
  tells: 'event' | 'status'
  close(): Promise<void>
}

const MAX_PENDING = 64 * 1024
const MAX_BODY = 1000
const failure = new StreamError('upstream_error', 'overloaded', {
  error: { message: 'Overloaded', type: 'server_error', code: 'overloaded', body: {} },
})
const errorEvent = { error: { message: 'Overloaded', type: 'server_error', param: null, code: 'overloaded' } }
const question = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true }

/** What must hold on every host, whichever way it is served. */
export function describeHost(name: string, start: (app: HostApp) => Promise<Host>): void {
  describe(`${name} as a host`, () => {
    let host: Host
    let source: ScriptedSource
    let timers: ReturnType<typeof manualTimers>
    let seen: {
      context: OpenContext | undefined
      errors: unknown[]
      ends: StreamEnd[]
      signals: { signal: AbortSignal; before: number }[]
    }
    let watched: { res: ServerResponseLike; before: number; closed: Promise<void> }[]

    beforeEach(async () => {
      source = new ScriptedSource()
      timers = manualTimers()
      seen = { context: undefined, errors: [], ends: [], signals: [] }
      watched = []
      const init = { timers, maxPendingLength: MAX_PENDING }
      const answer = createChatHandler({
        ...init,
        open(_request, context) {
          seen.context = context
          return source
        },
        maxBodyBytes: MAX_BODY,
        models: ['m', 'other'],
        onError: (error) => seen.errors.push(error),
      })
      host = await start({
        async handler(request) {
          seen.signals.push({ signal: request.signal, before: abortListeners(request.signal) })
          return answer(request)
        },
        direct: () => ({ chunks: source, init: { ...init, onEnd: (end) => seen.ends.push(end) } }),
        watch(res) {
          const closed = new Promise<void>((resolve) => res.once('close', resolve))
          watched.push({ res, before: listenersOf(res) - 1, closed })
        },
      })
    })

    afterEach(async () => host.close())

    const ask = (asked: Partial<Asked> = {}): Promise<Answer> =>
      host.client({ path: '/v1/chat/completions', body: question, ...asked })

    /** Nothing of ours listens or ticks any more. */
    async function expectNothingLeft() {
      for (const { res, before, closed } of watched) {
        await closed
        await turnOfTheLoop()
        expect(listenersOf(res)).toBeLessThanOrEqual(before)
      }
      for (const { signal, before } of seen.signals) expect(abortListeners(signal)).toBeLessThanOrEqual(before)
      expect(timers.running).toBe(0)
    }

    describe.each(['/v1/chat/completions', '/direct'])('at %s', (path) => {
      it('sends the first event before there is a second', async () => {
        source.push(...shortAnswer.slice(0, 1))
        const answer = await ask({ path, headers: { 'accept-encoding': 'gzip, br' } })
        expect(answer.status).toBe(200)
        expect(dataOf(await answer.event())).toEqual(shortAnswer[0])
        expect(source.pulls).toBeLessThanOrEqual(2)
        expect(answer.headers).toMatchObject({
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-cache, no-transform',
          'x-accel-buffering': 'no',
        })
        expect(answer.headers).not.toHaveProperty('content-length')
        expect(answer.headers).not.toHaveProperty('content-encoding')
        source.push(...shortAnswer.slice(1)).end()
        const rest = await answer.rest()
        expect(rest.at(-1)).toBe('data: [DONE]')
        expect(sumOf(rest.slice(0, -1), shortAnswer.slice(0, 1))).toEqual(sumOf([], shortAnswer))
        expect(source.returns).toBe(0)
        await expectNothingLeft()
      })

      it('cancels the source when the client leaves', async () => {
        source.push(...shortAnswer.slice(0, 1))
        const answer = await ask({ path })
        await answer.event()
        answer.leave()
        await source.returned
        expect(source.returns).toBe(1)
        if (path === '/direct') expect(seen.ends).toEqual([{ how: 'client_left' }])
        else expect(seen.context?.signal.aborted).toBe(true)
        await expectNothingLeft()
      })

      it('cancels it within 20 ms', async () => {
        const taken: number[] = []
        for (let time = 0; time < 5; time += 1) {
          source = new ScriptedSource(shortAnswer.slice(0, 1))
          const answer = await ask({ path })
          await answer.event()
          const left = performance.now()
          answer.leave()
          await source.returned
          taken.push(performance.now() - left)
        }
        // The best of five: a busy machine is slow now and then, a host that waits for something always is.
        expect(Math.min(...taken)).toBeLessThan(20)
      })

      it('lets a client that does not read hold up the source, and no memory', async () => {
        const text = 'x'.repeat(16 * 1024)
        const total = 1500
        source.push(...Array.from({ length: total }, (_, n) => chunkOf({ content: `${n} ${text}` }))).end()
        const answer = await ask({ path })
        await answer.event()
        await standstill(() => source.pulls)
        // What is neither pending nor in the buffers of two sockets has not left the source.
        expect(source.pulls).toBeLessThan(total * 0.8)
        answer.leave()
        await source.returned
        await expectNothingLeft()
      })

      it('sends heartbeats while the source is silent', async () => {
        const asking = ask({ path })
        const first = asking.then((answer) => answer.event())
        await source.asked
        timers.tick()
        const answer = await asking
        expect(answer.status).toBe(200)
        expect(await first).toBe(': keep-alive')
        source.push(...shortAnswer.slice(0, 1))
        expect(dataOf(await answer.event())).toEqual(shortAnswer[0])
        const next = answer.event()
        while (source.pulls < 2) await turnOfTheLoop()
        await standstill(() => source.pulls)
        timers.tick()
        expect(await next).toBe(': keep-alive')
        source.push(...shortAnswer.slice(1)).end()
        expect((await answer.rest()).at(-1)).toBe('data: [DONE]')
        await expectNothingLeft()
      })

      it('reports an error after the first event in the stream, and does not say that it is done', async () => {
        source.push(...shortAnswer.slice(0, 1))
        const answer = await ask({ path })
        await answer.event()
        source.fail(failure)
        expect((await answer.rest()).map(dataOf)).toEqual([errorEvent])
        if (path === '/direct') expect(seen.ends).toEqual([{ how: 'failed', error: failure }])
        else expect(seen.errors).toEqual([failure])
        await expectNothingLeft()
      })

      it('reports an error after a heartbeat in the stream', async () => {
        const asking = ask({ path })
        const first = asking.then((answer) => answer.event())
        await source.asked
        timers.tick()
        const answer = await asking
        await first
        source.fail(failure)
        expect((await answer.rest()).map(dataOf)).toEqual([errorEvent])
        await expectNothingLeft()
      })

      it('tells nothing of an error that is its own', async () => {
        source.push(...shortAnswer.slice(0, 1)).fail(new Error('connect to postgres://user:password@10.0.0.1 failed'))
        const answer = await ask({ path })
        expect((await answer.rest()).at(-1)).toBe(
          'data: {"error":{"message":"The server had an error while processing your request.","type":"server_error","param":null,"code":"internal_error"}}',
        )
      })
    })

    it('reports an error before the first event with its status', async () => {
      const headers = { 'retry-after': '7' }
      const body = JSON.stringify({ error: { message: 'Slow down', type: 'rate_limit_error', code: 'rate_limited' } })
      source.fail(new StreamError('http_status', 'the server answered 429', { status: 429, headers, body }))
      const answer = await ask()
      expect(answer.status).toBe(429)
      expect(answer.headers).toMatchObject({ 'retry-after': '7', 'content-type': 'application/json' })
      expect(JSON.parse(await answer.text())).toEqual({
        error: { message: 'Slow down', type: 'rate_limit_error', param: null, code: 'rate_limited' },
      })
      await expectNothingLeft()
    })

    it('reports an error before the first event by the helper', async () => {
      source.fail(failure)
      const answer = await ask({ path: '/direct' })
      if (host.tells === 'status') {
        expect(answer.status).toBe(502)
        expect(JSON.parse(await answer.text())).toEqual(errorEvent)
      } else {
        expect(answer.status).toBe(200)
        expect((await answer.rest()).map(dataOf)).toEqual([errorEvent])
      }
      await expectNothingLeft()
    })

    it('cancels the source when the client leaves before there is an answer', async () => {
      const leaving = new AbortController()
      const asking = ask({ signal: leaving.signal }).catch((reason: unknown) => reason)
      await source.asked
      leaving.abort()
      await source.returned
      await asking
      expect(seen.errors).toEqual([])
      await expectNothingLeft()
    })

    it('answers in one piece when no stream is asked for', async () => {
      source.push(...shortAnswer, usageChunk).end()
      const answer = await ask({ body: { ...question, stream: false } })
      expect(answer.status).toBe(200)
      expect(JSON.parse(await answer.text())).toEqual(toChatCompletion(sumOf([], [...shortAnswer, usageChunk])))
      await expectNothingLeft()
    })

    it('cancels the source when the client leaves before the one piece', async () => {
      const leaving = new AbortController()
      const asking = ask({ body: { ...question, stream: false }, signal: leaving.signal }).catch(
        (reason: unknown) => reason,
      )
      await source.asked
      leaving.abort()
      await source.returned
      expect(source.returns).toBe(1)
      await asking
      await expectNothingLeft()
    })

    it('gives the usage to who asks for it, in a last chunk', async () => {
      source.push(...shortAnswer.slice(0, -1), { ...chunkOf({}, 'stop'), usage }).end()
      const answer = await ask({ body: { ...question, stream_options: { include_usage: true } } })
      const events = await answer.rest()
      expect(dataOf(events.at(-2))).toEqual(usageChunk)
      expect(events.slice(0, -2).some((event) => event.includes('"prompt_tokens"'))).toBe(false)
    })

    it('gives no usage to who does not ask for it', async () => {
      source.push(...shortAnswer, usageChunk).end()
      const answer = await ask()
      const events = await answer.rest()
      expect(events.some((event) => event.includes('usage'))).toBe(false)
      expect(dataOf(events.at(-2))).toMatchObject({ choices: [{ finish_reason: 'stop' }] })
    })

    it('opens nothing for HEAD and OPTIONS', async () => {
      const head = await ask({ method: 'HEAD', body: undefined })
      expect(head.status).toBe(405)
      expect(head.headers['allow']).toBe('POST, OPTIONS')
      expect(await head.text()).toBe('')
      const preflight = { origin: 'https://example.com', 'access-control-request-method': 'POST' }
      const options = await ask({ method: 'OPTIONS', body: undefined, headers: preflight })
      expect(options.status).toBe(204)
      expect(source.pulls).toBe(0)
    })

    it('lists its models, and refuses others', async () => {
      const list = await ask({ method: 'GET', path: '/v1/models', body: undefined })
      expect(JSON.parse(await list.text())).toMatchObject({
        object: 'list',
        data: [{ id: 'm', object: 'model' }, { id: 'other' }],
      })
      const head = await ask({ method: 'HEAD', path: '/v1/models', body: undefined })
      expect([head.status, await head.text()]).toEqual([200, ''])
      const other = await ask({ body: { ...question, model: 'expensive' } })
      expect(other.status).toBe(404)
      expect(JSON.parse(await other.text())).toMatchObject({ error: { code: 'model_not_found', param: 'model' } })
    })

    it('refuses a body that is too large', async () => {
      const long = Buffer.from(
        JSON.stringify({ ...question, messages: [{ role: 'user', content: 'x'.repeat(200_000) }] }),
      )
      const announced = await ask({ body: [long], headers: { 'content-length': String(long.length) } })
      expect(announced.status).toBe(413)
      expect(JSON.parse(await announced.text())).toMatchObject({ error: { code: 'body_too_large' } })
      const half = long.length / 2
      const inPieces = await ask({ body: [long.subarray(0, half), long.subarray(half)] })
      expect(inPieces.status).toBe(413)
      expect(JSON.parse(await inPieces.text())).toMatchObject({ error: { code: 'body_too_large' } })
      expect(source.pulls).toBe(0)
    })

    it.each([
      ['no JSON', '{"model":', 'invalid_json'],
      ['no object', '[]', 'invalid_body'],
      ['nothing', '', 'invalid_json'],
      ['no messages', { model: 'm' }, 'missing_required_parameter'],
      ['no model', { messages: question.messages }, 'missing_required_parameter'],
      ['messages that are none', { model: 'm', messages: 'Hi' }, 'invalid_parameter'],
    ])('refuses a body with %s', async (_, body, code) => {
      const answer = await ask({ body })
      expect(answer.status).toBe(400)
      expect(JSON.parse(await answer.text())).toMatchObject({ error: { code, type: 'invalid_request_error' } })
      expect(source.pulls).toBe(0)
    })

    it('does not know other addresses', async () => {
      const answer = await ask({ path: '/v1/completions' })
      expect(answer.status).toBe(404)
      expect(JSON.parse(await answer.text())).toMatchObject({ error: { code: 'unknown_url' } })
    })

    it('tells what an ApiError of the source says', async () => {
      source.fail(new ApiError(402, { message: 'Your credit is used up.', code: 'no_credit' }))
      const answer = await ask()
      expect(answer.status).toBe(402)
      expect(JSON.parse(await answer.text())).toMatchObject({
        error: { message: 'Your credit is used up.', code: 'no_credit' },
      })
    })
  })
}

/** The events that we listen to. */
const listenersOf = (res: ServerResponseLike): number => {
  // Every response of Node.js is an emitter.
  const emitter = res as unknown as { listenerCount(event: string): number }
  return ['close', 'drain', 'error'].reduce((count, event) => count + emitter.listenerCount(event), 0)
}

/** Without those by which undici makes one request follow another. */
const abortListeners = (signal: AbortSignal): number =>
  getEventListeners(signal, 'abort').filter((listener) => listener.name !== 'abort').length

const dataOf = (event: string | undefined): unknown => JSON.parse(event?.replace(/^data: /, '') ?? 'null')

export function sumOf(events: readonly string[], chunks: readonly ChatCompletionChunk[]): ChatCompletionChunk {
  let sum: ChatCompletionChunk | undefined
  for (const chunk of [...chunks, ...events.map((event) => dataOf(event) as ChatCompletionChunk)])
    sum = mergeChunk(sum, chunk)
  if (sum === undefined) throw new Error('there is no chunk to sum up')
  return sum
}
