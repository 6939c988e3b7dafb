import { textOf } from '@deltawire/core'
import { createRelay } from '@deltawire/websocket-bridge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createChat, fetchTransport, page, streamChat } from '../src/index.ts'
import { chunksOf } from './support/chat-server.ts'

const TEXT = Array.from({ length: 60 }, (_, at) => ['Grüße', '世界', '👋🏽', 'Wort'][at % 4]).join(' ')
const messages = [{ role: 'user' as const, content: 'Hello!' }]
const environment = { ...page, random: () => 0 }

/** A body that breaks after so many bytes. */
function cutAfter(bytes: number, { body, ...response }: Response & { body: ReadableStream<Uint8Array> }): Response {
  let left = bytes
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    transform(piece, controller) {
      controller.enqueue(piece.subarray(0, left))
      left -= piece.length
      if (left <= 0) controller.error(new TypeError('network error'))
    },
  })
  return new Response(body.pipeThrough(cut), response)
}

describe("the relay's door for server-sent events", () => {
  let relay: ReturnType<typeof createRelay>
  beforeAll(() => {
    relay = createRelay({
      async *open() {
        for (const chunk of chunksOf(TEXT)) {
          await new Promise((resolve) => setTimeout(resolve, 1))
          yield chunk
        }
      },
    })
  })
  afterAll(() => relay.close())

  /** A line that breaks so many times, each time a little later. */
  function transportOver(cuts: number, first: number) {
    const asked: string[] = []
    let broken = 0
    const line = async (url: string, init: RequestInit): Promise<Response> => {
      const response = await relay.handle(new Request(new URL(url, 'http://relay.test'), init))
      const last = new Headers(init.headers).get('last-event-id')
      asked.push(`${init.method ?? 'GET'}${last === null ? '' : ' on'}`)
      if (response.body === null || broken++ >= cuts) return response
      const { status, headers, body } = response
      return cutAfter(first + broken * 300, { status, headers, body } as Response & {
        body: ReadableStream<Uint8Array>
      })
    }
    const transport = fetchTransport({ url: '/v1/chat/completions', fetch: line as typeof fetch, environment })
    return { transport, asked }
  }

  it.each([200, 700, 1_500])('gives a loop every word once, also when it is cut after %i bytes', async (first) => {
    const { transport, asked } = transportOver(4, first)
    const stream = streamChat({ model: 'm', messages }, { transport, environment })
    let text = ''
    for await (const chunk of stream) text += textOf(chunk)
    expect(text).toBe(TEXT)
    const { completion, error } = await stream.result()
    expect([completion?.choices[0]?.message.content, error]).toEqual([TEXT, null])
    expect(asked.filter((line) => line.startsWith('POST'))).toHaveLength(1)
    expect(asked.at(-1)).toBe('GET on')
  })

  it('gives a chat every word once', async () => {
    const { transport } = transportOver(4, 500)
    const chat = createChat({ transport, environment, request: { model: 'm' } })
    const { message } = await chat.sendMessage('Hello!')
    expect(message?.parts).toEqual([{ type: 'text', text: TEXT }])
  })
})
