import { encodeChunk, encodeDone } from '@deltawire/core'
import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { createChat, directTransport } from '../src/index.ts'
import { createScriptedTransport } from '../src/testing.ts'
import {
  ChunkDecoderStream,
  MergeStream,
  SseDecoderStream,
  SseEncoderStream,
  toReadableStream,
} from '../src/streams.ts'
import { chunksOf } from './support/chat-server.ts'

async function all<T>(stream: ReadableStream<T>): Promise<T[]> {
  const found: T[] = []
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return found
    found.push(value)
  }
}

function bytesOf(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text)
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size))
      controller.close()
    },
  })
}

const chunks = chunksOf('Grüße, 世界!')
const wire = chunks.map(encodeChunk).join('') + encodeDone()

describe('streams', () => {
  it.each([1, 7, 10_000])('decode bytes to chunks, cut every %i', async (size) => {
    const read = await all(bytesOf(wire, size).pipeThrough(new ChunkDecoderStream()))
    expect(read).toEqual(chunks)
    const events = await all(bytesOf(wire, size).pipeThrough(new SseDecoderStream()))
    expect(events).toHaveLength(chunks.length + 1)
  })

  it('sum them up, and write them again', async () => {
    const sums = await all(bytesOf(wire, 50).pipeThrough(new ChunkDecoderStream()).pipeThrough(new MergeStream()))
    expect(sums.at(-1)?.choices[0]?.delta.content).toBe('Grüße, 世界!')
    const iterated = (async function* () {
      yield* chunks
    })()
    const written = await all(toReadableStream(iterated).pipeThrough(new SseEncoderStream()))
    expect(Buffer.concat(written).toString()).toBe(wire)
  })

  it.each([
    ['breaks off', '', 'incomplete_stream'],
    ['says what is wrong', 'data: {"error":{"message":"no more"}}\n\n', 'upstream_error'],
  ])('err where the answer %s, after all that came, however it was cut and read', async (_how, last, code) => {
    const some = chunks.slice(0, 3)
    for (const size of [20, 10_000])
      for (const turns of [0, 5]) {
        const broken = bytesOf(some.map(encodeChunk).join('') + last, size)
        const reader = broken.pipeThrough(new ChunkDecoderStream()).getReader()
        const read: unknown[] = []
        const reading = (async () => {
          for (let next = await reader.read(); !next.done; next = await reader.read()) {
            read.push(next.value)
            for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
          }
        })()
        await expect(reading).rejects.toMatchObject({ code })
        expect(read).toEqual(some)
      }
  })
})

describe('a key', () => {
  it('is refused in a page', () => {
    // @ts-expect-error a key has to be meant
    expect(() => directTransport({ baseURL: 'http://127.0.0.1', apiKey: 'sk-1' })).toThrow(/everybody's/)
  })

  it.each([{ token: () => 'sk-proj-abc' }, { headers: { authorization: 'Bearer sk-abc' } }])(
    'is refused also where a token should be: %o',
    async (options) => {
      const fetched: string[] = []
      const fetcher = (async (url: string) => fetched.push(url)) as unknown as typeof fetch
      const transport = directTransport({ baseURL: 'http://127.0.0.1/v1', fetch: fetcher, ...options })
      const { error } = await createChat({ transport }).sendMessage('Hello!')
      expect(error?.message).toMatch(/secret key/)
      expect(error?.message).not.toMatch(/abc/)
      expect(fetched).toEqual([])
    },
  )

  it('goes where it is meant to, and into no state', async () => {
    const seen: (RequestInit & { url: string })[] = []
    const fetcher = (async (url: string, init: RequestInit) => {
      seen.push({ ...init, url })
      return new Response(wire)
    }) as unknown as typeof fetch
    const transport = directTransport({
      baseURL: 'http://127.0.0.1/v1/?api-version=1',
      apiKey: 'sk-mine',
      dangerouslyAllowBrowser: true,
      fetch: fetcher,
    })
    const chat = createChat({ transport })
    const { message } = await chat.sendMessage('Hello!')
    expect(message?.parts).toEqual([{ type: 'text', text: 'Grüße, 世界!' }])
    expect(seen[0]).toMatchObject({
      url: 'http://127.0.0.1/v1/chat/completions?api-version=1',
      headers: { authorization: 'Bearer sk-mine' },
      credentials: 'omit',
    })
    expect(Object.keys(seen[0]?.headers ?? {}).sort()).toEqual(['accept', 'authorization', 'content-type'])
    expect(JSON.stringify(chat) + seen[0]?.url + (seen[0]?.body as string)).not.toContain('sk-')
  })
})

describe('a server', () => {
  it('imports every entry, and asks nobody', async () => {
    const entries = (await readdir(new URL('../src', import.meta.url))).filter((name) => name.endsWith('.ts'))
    expect(entries).toHaveLength(12)
    for (const entry of entries) await import(new URL(`../src/${entry}`, import.meta.url).pathname)
    const transport = createScriptedTransport()
    const chat = createChat({
      transport,
      initialState: { id: 'c', messages: [], live: { streamId: 's', messageId: 'm' } },
    })
    expect(chat.getServerSnapshot()).toBe(chat.getSnapshot())
    expect(transport.calls).toEqual([])
  })

  it('finds no module of Node.js in a source of the page', async () => {
    const folder = new URL('../src/', import.meta.url)
    const sources = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts'))
    const texts = await Promise.all(sources.map((name) => readFile(new URL(name, folder), 'utf8')))
    expect(texts.filter((text) => text.includes("from 'node:"))).toEqual([])
  })
})
