import { accumulate, type ChatCompletionChunk, createFanOut, textOf } from '@deltawire/core'
import { responseOf } from '@deltawire/testkit'
import { describeChunkSource } from '@deltawire/testkit/describe'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ByteChunkStream } from '../../src/chunk-stream.ts'
import { streamChatCompletion, type StreamChatCompletionOptions } from '../../src/index.ts'
import { systemTime, type Time } from '../../src/time.ts'
import {
  chunked,
  collect,
  done,
  event,
  eventsOf,
  head,
  lastPiece,
  piece,
  question,
  serveBytes,
  stream,
} from './byte-server.ts'
import { until } from './manual-time.ts'

afterEach(() => vi.restoreAllMocks())

const baseURL = 'http://chat.invalid/v1'

// There is no connection to keep: what comes after the answer is not waited for.
const hasty: Time = {
  ...systemTime,
  start(ms, callback) {
    if (ms !== 500) return systemTime.start(ms, callback)
    callback()
    return { refresh() {}, cancel() {} }
  },
}

describeChunkSource('streamChatCompletion', (pieces, delivery) => {
  const fetch = async () => responseOf(pieces, {}, delivery)
  return streamChatCompletion(question, { baseURL, maxRetries: 0, fetch, time: hasty })
})

/** Answers with these events without a server. */
function answering(...events: readonly string[]) {
  const options: StreamChatCompletionOptions = { baseURL, fetch: async () => new Response(events.join('')) }
  return streamChatCompletion(question, options)
}

const three = eventsOf('One ', 'two ', 'three')
const words = (chunks: readonly ChatCompletionChunk[]) =>
  chunks.map((chunk) => textOf(chunk)).filter((text) => text !== '')

describe('an answer', () => {
  it('is its completion', async () => {
    expect(await answering(...three).completion()).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: 'One two three' }, finish_reason: 'stop' }],
    })
  })

  it('is its text', async () => {
    expect(await answering(...three).text()).toBe('One two three')
  })

  it('is a result, which never rejects', async () => {
    expect(await answering(...three).result()).toMatchObject({ complete: true, error: null, warnings: [] })
    const broken = await answering(...three.slice(0, 2)).result()
    expect(broken).toMatchObject({ complete: false, error: { code: 'incomplete_stream' } })
    expect(textOf(broken.completion ?? undefined)).toBe('One two ')
  })

  it('is a list of events', async () => {
    const parts = await collect(answering(...three).parts())
    expect(parts.map(({ type }) => type)).toEqual(['content', 'content', 'content', 'finish'])
    const [, error] = await collect(answering(event({ content: 'Hi' })).parts())
    expect(error).toMatchObject({ type: 'error', error: { code: 'incomplete_stream' } })
  })

  it('is what accumulate and createFanOut make of it', async () => {
    expect(await accumulate(answering(...three))).toMatchObject({ complete: true })
    expect(words(await collect(createFanOut(answering(...three)).subscribe())).join('')).toBe('One two three')
  })

  it('is a stream of the web', async () => {
    expect(words(await collect(answering(...three).toReadableStream()))).toEqual(['One ', 'two ', 'three'])
  })

  it('is a response with an event stream', async () => {
    const response = answering(...three).toResponse({ headers: { 'x-mine': '1' } })
    expect(response.headers.get('content-type')).toMatch('text/event-stream')
    expect(response.headers.get('x-mine')).toBe('1')
    const text = await response.text()
    expect(text).toContain('"content":"three"')
    expect(text.endsWith(done)).toBe(true)
  })

  it('rejects with what arrived when it breaks', async () => {
    for (const way of ['completion', 'text'] as const) {
      await expect(answering(event({ content: 'Once' }))[way]()).rejects.toMatchObject({
        code: 'incomplete_stream',
        partial: { choices: [{ message: { content: 'Once' }, finish_reason: null }] },
      })
    }
  })

  it('does not fill logs with what arrived', async () => {
    const { error } = await answering(event({ content: 'Once' })).result()
    expect(Object.keys(error ?? {})).not.toContain('partial')
  })
})

describe('several readers', () => {
  it('of one answer each get all of it, and it is asked for once', async () => {
    const own = vi.fn(async () => new Response(three.join('')))
    const answer = streamChatCompletion(question, { baseURL, fetch: own })
    const [chunks, parts, completion, result, text] = await Promise.all([
      collect(answer),
      collect(answer.parts()),
      answer.completion(),
      answer.result(),
      answer.text(),
    ])
    expect(words(chunks)).toEqual(['One ', 'two ', 'three'])
    expect(parts).toHaveLength(4)
    expect(textOf(completion)).toBe(text)
    expect(result.completion).toEqual(completion)
    expect(own).toHaveBeenCalledOnce()
  })

  it('that come one after the other get it too', async () => {
    const answer = answering(...three)
    expect(words(await collect(answer))).toEqual(['One ', 'two ', 'three'])
    expect(await answer.text()).toBe('One two three')
    // What came before is one chunk: the sum.
    expect(words(await collect(answer))).toEqual(['One two three'])
    const folded = answering(...three)
    await folded.completion()
    expect(words(await collect(folded))).toEqual(['One two three'])
  })

  it('that are late or slow get fewer chunks, and nothing less', async () => {
    const answer = answering(...three)
    const fast = answer[Symbol.asyncIterator]()
    const slow = answer[Symbol.asyncIterator]()
    expect(textOf((await fast.next()).value ?? undefined)).toBe('One ')
    expect(textOf((await fast.next()).value ?? undefined)).toBe('two ')
    const late = answer[Symbol.asyncIterator]()
    const [first] = [await slow.next()]
    expect(textOf(first.value ?? undefined)).toBe('One two ')
    const rest = await Promise.all([collect(fast), collect(slow), collect(late)])
    expect(rest.map(words)).toEqual([['three'], ['three'], ['One two ', 'three']])
  })

  it('do not change each other’s chunks', async () => {
    const answer = answering(...three)
    const [first, second] = [answer[Symbol.asyncIterator](), answer[Symbol.asyncIterator]()]
    const chunk = (await first.next()).value
    const before = structuredClone(chunk)
    await first.next()
    await second.next()
    await first.next()
    expect(chunk).toEqual(before)
  })

  it('all hear of the failure, after what arrived', async () => {
    const answer = answering(event({ content: 'Once' }))
    const readers = [answer[Symbol.asyncIterator](), answer[Symbol.asyncIterator]()]
    for (const reader of readers) {
      expect((await reader.next()).done).toBe(false)
      await expect(reader.next()).rejects.toMatchObject({ code: 'incomplete_stream' })
      expect(await reader.next()).toEqual({ done: true, value: undefined })
    }
  })

  it('who do not read hold nobody up', async () => {
    const answer = answering(...three)
    const idle = answer[Symbol.asyncIterator]()
    expect(await answer.text()).toBe('One two three')
    expect(words(await collect(idle))).toEqual(['One two three'])
    const looped = answering(...three)
    for await (const chunk of looped) {
      expect(textOf(chunk)).toBe('One ')
      expect(await looped.text()).toBe('One two three')
      break
    }
  })

  it('are not needed for the fast way, which the answer alone takes', async () => {
    const fold = vi.spyOn(ByteChunkStream.prototype, 'fold')
    const next = vi.spyOn(ByteChunkStream.prototype, 'next')
    const answer = answering(...three)
    await Promise.all([answer.completion(), answer.result(), answer.usage()])
    expect(fold).toHaveBeenCalledOnce()
    expect(next).not.toHaveBeenCalled()
    const both = answering(...three)
    const completion = both.completion()
    expect(words(await collect(both))).toEqual(['One ', 'two ', 'three'])
    expect(textOf(await completion)).toBe('One two three')
    expect(fold).toHaveBeenCalledOnce()
  })
})

describe('leaving', () => {
  /** A server that says `Once` and then nothing more. */
  const endless = () =>
    serveBytes((socket) => void socket.write(head('200 OK', chunked) + piece(event({ content: 'Once' }))))

  it('the only loop closes the connection, and what arrived can be had', async () => {
    await using server = await endless()
    const answer = streamChatCompletion(question, { baseURL: server.baseURL })
    for await (const chunk of answer) {
      expect(textOf(chunk)).toBe('Once')
      break
    }
    await until(() => server.open === 0)
    const { completion, complete, error } = await answer.result()
    expect(textOf(completion ?? undefined)).toBe('Once')
    expect({ complete, name: error?.name }).toEqual({ complete: false, name: 'AbortError' })
    await expect(answer.completion()).rejects.toThrow('left before its end')
  })

  it('one of several loops leaves the others what they read', async () => {
    const answer = answering(...three)
    const other = collect(answer)
    for await (const chunk of answer) {
      expect(chunk).toBeDefined()
      break
    }
    expect(words(await other)).toEqual(['One ', 'two ', 'three'])
  })

  it('while the next chunk is awaited closes the connection too', async () => {
    await using server = await endless()
    const reader = streamChatCompletion(question, { baseURL: server.baseURL })[Symbol.asyncIterator]()
    await reader.next()
    const next = reader.next()
    await reader.return()
    expect(await next).toEqual({ done: true, value: undefined })
    await until(() => server.open === 0)
  })

  it('a stream of the web closes the connection', async () => {
    await using server = await endless()
    const reader = streamChatCompletion(question, { baseURL: server.baseURL }).toReadableStream().getReader()
    expect((await reader.read()).done).toBe(false)
    await reader.cancel()
    await until(() => server.open === 0)
  })

  it('a block that began with await using closes the connection', async () => {
    await using server = await endless()
    {
      await using answer = streamChatCompletion(question, { baseURL: server.baseURL })
      await answer[Symbol.asyncIterator]().next()
      expect(server.open).toBe(1)
    }
    await until(() => server.open === 0)
  })
})

describe('an abort', () => {
  for (const stage of ['before anything', 'before the head', 'before the first chunk', 'within the answer'] as const) {
    it(`${stage} passes through untouched and closes the connection`, async () => {
      await using server = await serveBytes((socket) => {
        if (stage === 'before the head') return
        socket.write(head('200 OK', chunked))
        if (stage === 'within the answer') socket.write(piece(event({ content: 'Once' })))
      })
      for (const reason of [
        new Error('mine'),
        Object.assign(new Error('mine'), { code: 'ECONNRESET' }),
        'a text',
        { any: 'thing' },
      ]) {
        const controller = new AbortController()
        if (stage === 'before anything') controller.abort(reason)
        const answer = streamChatCompletion(question, { baseURL: server.baseURL, signal: controller.signal })
        const reader = answer[Symbol.asyncIterator]()
        const requests = server.requests.length
        let next = reader.next()
        if (stage === 'within the answer') {
          await next
          next = reader.next()
        } else next.catch(() => {})
        if (stage !== 'before anything') await until(() => server.requests.length > requests || server.open === 1)
        if (stage === 'before the first chunk') await answer.response()
        controller.abort(reason)
        await expect(next).rejects.toBe(reason)
        await expect(answer.completion()).rejects.toBe(reason)
        expect((await answer.result()).completion).toEqual(
          stage === 'within the answer'
            ? expect.objectContaining({ choices: [expect.objectContaining({ finish_reason: null })] })
            : null,
        )
        await until(() => server.open === 0)
      }
      if (stage === 'before anything') expect(server.requests).toHaveLength(0)
    })
  }

  it('can be made by the stream itself', async () => {
    await using server = await serveBytes(
      (socket) => void socket.write(head('200 OK', chunked) + piece(event({ content: 'Once' }))),
    )
    const answer = streamChatCompletion(question, { baseURL: server.baseURL })
    const completion = answer.completion()
    completion.catch(() => {})
    await until(() => server.open === 1)
    await answer.response()
    answer.abort()
    await expect(completion).rejects.toMatchObject({ name: 'AbortError', message: 'The stream was aborted' })
    await until(() => server.open === 0)
  })

  it('ends a fetch and a body that know nothing of signals', async () => {
    for (const fetch of [() => new Promise<Response>(() => {}), async () => responseOf([], {}, { staysOpen: true })]) {
      const controller = new AbortController()
      const completion = streamChatCompletion(question, { baseURL, fetch, signal: controller.signal }).completion()
      setImmediate(() => controller.abort('enough'))
      await expect(completion).rejects.toBe('enough')
    }
  })

  it('after the end changes nothing, and no listener is left on the signal', async () => {
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    const answer = streamChatCompletion(question, { baseURL, signal, fetch: async () => new Response(three.join('')) })
    expect(added).not.toHaveBeenCalled()
    await answer.text()
    answer.abort()
    expect(await answer.text()).toBe('One two three')
    expect(added).toHaveBeenCalledOnce()
    expect(removed).toHaveBeenCalledWith('abort', added.mock.calls[0]?.[1])
  })

  it('of one signal ends a thousand streams without a warning', async () => {
    const warned = vi.fn()
    process.on('warning', warned)
    const controller = new AbortController()
    const fetch = async () => responseOf([], {}, { staysOpen: true })
    const texts = Array.from({ length: 1000 }, () =>
      streamChatCompletion(question, { baseURL, fetch, signal: controller.signal }).text(),
    )
    setImmediate(() => controller.abort('enough'))
    for (const text of texts) await expect(text).rejects.toBe('enough')
    await until(() => true)
    process.off('warning', warned)
    expect(warned).not.toHaveBeenCalled()
  })
})

describe('the response', () => {
  it('is sent for only when something is asked for', async () => {
    const own = vi.fn(async () => new Response(three.join('')))
    const answer = streamChatCompletion(question, { baseURL, fetch: own })
    expect({ id: answer.requestId, headers: answer.headers }).toEqual({ id: undefined, headers: undefined })
    await until(() => true)
    expect(own).not.toHaveBeenCalled()
  })

  it.for(['x-request-id', 'request-id', 'apim-request-id', 'x-amzn-requestid'])(
    'has the request id of %s',
    async (name) => {
      await using server = await serveBytes((socket) =>
        stream(socket, three, { [name]: 'req_1', 'x-ratelimit-remaining': '7' }),
      )
      const answer = streamChatCompletion(question, { baseURL: server.baseURL })
      const { status, headers, requestId } = await answer.response()
      expect({ status, requestId, left: headers.get('x-ratelimit-remaining') }).toEqual({
        status: 200,
        requestId: 'req_1',
        left: '7',
      })
      expect(answer.requestId).toBe('req_1')
      expect(await answer.text()).toBe('One two three')
      expect(server.requests).toHaveLength(1)
    },
  )

  it('that is not had rejects, for those who ask', async () => {
    const answer = streamChatCompletion(question, {
      baseURL,
      maxRetries: 0,
      fetch: () => Promise.reject(new TypeError('no')),
    })
    await expect(answer.response()).rejects.toMatchObject({ code: 'connect_failed' })
    await expect(answer.text()).rejects.toMatchObject({ code: 'connect_failed' })
  })
})

describe('the connection', () => {
  it('serves the next request', async () => {
    await using server = await serveBytes((socket) => stream(socket, three))
    for (let times = 0; times < 5; times += 1) {
      await streamChatCompletion(question, { baseURL: server.baseURL }).completion()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(server.connections).toBe(1)
  })

  it('takes as long to be read as its reader does', async () => {
    const [first = '', ...rest] = three
    let write = (_text: string) => {}
    await using server = await serveBytes((socket) => {
      write = (text) => void socket.write(text)
      write(head('200 OK', chunked) + piece(first))
    })
    const reader = streamChatCompletion(question, { baseURL: server.baseURL })[Symbol.asyncIterator]()
    expect(textOf((await reader.next()).value ?? undefined)).toBe('One ')
    write(rest.map(piece).join('') + lastPiece)
    expect(words(await collect(reader))).toEqual(['two ', 'three'])
  })
})
