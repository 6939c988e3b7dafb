import { textOf } from '@deltawire/core'
import { describe, expect, it } from 'vitest'
import { type ChatStream, streamChatCompletion, type StreamChatCompletionOptions } from '../../src/index.ts'
import {
  type Answer,
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
import { createManualTime, type ManualTime, until } from './manual-time.ts'

/** Both ways of reading have the same timeouts. */
const ways = [
  ['iterated', async (answer: ChatStream) => void (await collect(answer))],
  ['folded', async (answer: ChatStream) => void (await answer.completion())],
] as const

interface Stage {
  answer: Answer
  options?: StreamChatCompletionOptions
  /** What happens before the silence. */
  meanwhile?: (time: ManualTime, answer: ChatStream) => Promise<void>
}

describe.for(ways)('a stream that is %s', ([, read]) => {
  async function silent({ answer, options, meanwhile }: Stage, ms: number) {
    await using server = await serveBytes(answer)
    const time = createManualTime()
    const chat = streamChatCompletion(question, { baseURL: server.baseURL, time, maxRetries: 0, ...options })
    let settled = false
    const reading = read(chat).finally(() => (settled = true))
    reading.catch(() => {})
    await until(() => server.requests.length === 1)
    await meanwhile?.(time, chat)
    time.advance(ms - 1)
    await until(() => true)
    expect(settled).toBe(false)
    time.advance(1)
    const error: unknown = await reading.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    await until(() => server.open === 0)
    expect(time.running).toBe(0)
    return error
  }

  it('ends with phase connect when there is no status', async () => {
    expect(await silent({ answer: () => {}, options: { connectTimeoutMs: 5000 } }, 5000)).toMatchObject({
      name: 'StreamError',
      code: 'timeout',
      details: { phase: 'connect', timeoutMs: 5000 },
      message: '[timeout] the server has not answered for 5000 ms (connectTimeoutMs)',
      partial: null,
    })
  })

  it('ends with phase first_chunk when there is no status, unless told otherwise', async () => {
    const error = await silent({ answer: () => {} }, 300_000)
    expect(error).toMatchObject({ code: 'timeout', details: { phase: 'first_chunk', timeoutMs: 300_000 } })
  })

  it('ends with phase first_chunk when there is only a head', async () => {
    const answer: Answer = (socket) => void socket.write(head('200 OK', chunked))
    const meanwhile: Stage['meanwhile'] = async (time, chat) => {
      time.advance(0)
      await chat.response()
      await until(() => time.running === 1)
    }
    const options = { connectTimeoutMs: 500, firstChunkTimeoutMs: 1000 }
    const error = await silent({ answer, meanwhile, options }, 1000)
    expect(error).toMatchObject({ code: 'timeout', details: { phase: 'first_chunk', timeoutMs: 1000 } })
  })

  it('ends with phase first_chunk when there are only comments and half an event', async () => {
    const answer: Answer = (socket) => {
      socket.write(head('200 OK', chunked) + piece(': wait\n\n') + piece(': wait\n\ndata: {"id":'))
    }
    const error = await silent({ answer, options: { firstChunkTimeoutMs: 1000, idleTimeoutMs: 10 } }, 1000)
    expect(error).toMatchObject({ code: 'timeout', details: { phase: 'first_chunk' } })
  })

  it('ends with phase idle and what arrived, when nothing more comes', async () => {
    const answer: Answer = (socket) => void socket.write(head('200 OK', chunked) + piece(event({ content: 'Once' })))
    const meanwhile = (time: ManualTime) => until(() => time.started.includes(120_000) && time.refreshed > 0)
    expect(await silent({ answer, meanwhile }, 120_000)).toMatchObject({
      code: 'timeout',
      details: { phase: 'idle', timeoutMs: 120_000 },
      partial: { choices: [{ message: { content: 'Once' }, finish_reason: null }] },
    })
  })

  it('takes comments for a sign of life', async () => {
    let comment = () => {}
    const answer: Answer = (socket) => {
      socket.write(head('200 OK', chunked) + piece(event({ content: 'Once' })))
      comment = () => socket.write(piece(': still here\n\n'))
    }
    const meanwhile = async (time: ManualTime) => {
      await until(() => time.started.includes(1000) && time.refreshed > 0)
      for (let times = 0; times < 5; times += 1) {
        const { refreshed } = time
        time.advance(999)
        comment()
        await until(() => time.refreshed > refreshed)
      }
    }
    const error = await silent({ answer, meanwhile, options: { idleTimeoutMs: 1000 } }, 1000)
    expect(error).toMatchObject({ code: 'timeout', details: { phase: 'idle', timeoutMs: 1000 } })
  })

  it('ends with phase total, retries or not, however lively it is', async () => {
    const answer: Answer = (socket) => void socket.write(head('200 OK', chunked) + piece(event({ content: 'Once' })))
    const meanwhile = (time: ManualTime) => until(() => time.started.includes(120_000) && time.refreshed > 0)
    const error = await silent({ answer, meanwhile, options: { totalTimeoutMs: 3000 } }, 3000)
    expect(error).toMatchObject({ code: 'timeout', details: { phase: 'total' }, partial: { choices: [{}] } })
  })

  it('runs no timer when it has ended', async () => {
    await using server = await serveBytes((socket) => stream(socket, eventsOf('Hi')))
    const time = createManualTime()
    await read(streamChatCompletion(question, { baseURL: server.baseURL, time, totalTimeoutMs: 10_000 }))
    // The connection is let go to serve again.
    await until(() => time.running === 0)
    await read(streamChatCompletion(question, { baseURL: server.baseURL, time }))
    expect(server.connections).toBe(1)
  })
})

describe('a stream', () => {
  it('is tried again when there is no status in time', async () => {
    await using server = await serveBytes((socket, _request, nth) => {
      if (nth > 0) stream(socket, eventsOf('Hi'))
    })
    const time = createManualTime()
    const text = streamChatCompletion(question, { baseURL: server.baseURL, time, connectTimeoutMs: 1000 }).text()
    await until(() => server.requests.length === 1)
    time.advance(1000)
    await until(() => time.started.includes(250))
    time.advance(250)
    expect(await text).toBe('Hi')
  })

  it('is not idle while its reader is', async () => {
    let write = (_text: string) => {}
    await using server = await serveBytes((socket) => {
      write = (text) => void socket.write(text)
      write(head('200 OK', chunked) + piece(event({ content: 'Once' })))
    })
    const time = createManualTime()
    const chat = streamChatCompletion(question, { baseURL: server.baseURL, time, idleTimeoutMs: 1000 })
    let text = ''
    for await (const { choices } of chat) {
      text += textOf(choices[0])
      time.advance(5000)
      if (text === 'Once') write(piece(event({ content: ' more' }, 'stop') + done) + lastPiece)
    }
    expect(text).toBe('Once more')
  })

  it('that a server does not end after [DONE] is left soon', async () => {
    await using server = await serveBytes((socket) => {
      socket.write(head('200 OK', chunked) + piece(eventsOf('Hi').join('')))
    })
    const time = createManualTime()
    expect(await streamChatCompletion(question, { baseURL: server.baseURL, time }).text()).toBe('Hi')
    expect(server.open).toBe(1)
    time.advance(500)
    await until(() => server.open === 0)
  })

  it.for(['connectTimeoutMs', 'firstChunkTimeoutMs', 'idleTimeoutMs', 'totalTimeoutMs'] as const)(
    'takes no %s but a number above 0',
    (option) => {
      for (const value of [0, -1, Number.NaN, '1s' as unknown as number])
        expect(() => streamChatCompletion(question, { [option]: value })).toThrow(
          `${option} must be a number above 0, as in { ${option}: 60_000 }`,
        )
      expect(() => streamChatCompletion(question, { baseURL: 'http://127.0.0.1', [option]: Infinity })).not.toThrow()
    },
  )
})
