import { describe, expect, it } from 'vitest'
import { textOf } from '../src/read/text-of.ts'
import { createByteDecoder } from '../src/decode/template/byte-decoder.ts'
import { platform } from './support/platform.ts'

const event = (content: string): string =>
  `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"${content}"},"finish_reason":null}]}`

const contentOf = (decoder: ReturnType<typeof createByteDecoder>): string => decoder.take().map(textOf).join('')

describe('a byte decoder', () => {
  it.each([
    ['LF', '\n\n'],
    ['CRLF', '\r\n\r\n'],
  ])('gives each chunk when its event is complete, where lines end with %s and bytes come one by one', (_name, end) => {
    const decoder = createByteDecoder(platform, {}, false)
    const texts = ['a', 'b', 'c', 'd', 'e', 'f']
    const bytes = new TextEncoder().encode(texts.map((text) => event(text) + end).join(''))
    const size = bytes.length / texts.length
    let told = ''
    bytes.forEach((byte, at) => {
      decoder.push(Uint8Array.of(byte))
      told += contentOf(decoder)
      expect(told.length).toBe(Math.floor((at + 1) / size))
    })
  })

  it('gives each line of JSON when it is complete', () => {
    const decoder = createByteDecoder(platform, {}, false)
    const line = new TextEncoder().encode(`${event('a').slice(6)}\n`)
    decoder.push(line)
    expect(contentOf(decoder)).toBe('a')
    decoder.push(line.subarray(0, 20))
    expect(contentOf(decoder)).toBe('')
    decoder.push(line.subarray(20))
    expect(contentOf(decoder)).toBe('a')
  })

  it('gives real chunks whose constant parts are shared and whose texts are their own', () => {
    const decoder = createByteDecoder(platform, {}, false)
    decoder.push(new TextEncoder().encode(['a', 'b', 'c', 'd'].map((text) => `${event(text)}\n\n`).join('')))
    const chunks = decoder.take()
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content)).toEqual(['a', 'b', 'c', 'd'])
    expect(new Set(chunks).size).toBe(4)
    for (const chunk of chunks) expect(Object.keys(chunk)).toEqual(['id', 'object', 'created', 'model', 'choices'])
  })

  describe.each([
    ['text', '"delta":{"content":"…"}'],
    ['tool arguments', '"delta":{"tool_calls":[{"index":0,"function":{"arguments":"…"}}]}'],
    ['log probabilities', '"delta":{"content":"…"},"logprobs":{"content":[{"token":"…","logprob":-0.5,"bytes":null}]}'],
    ['token ids', '"delta":{"content":"…"},"token_ids":[7]'],
  ])('of a stream of %s', (_name, body) => {
    const opening = `data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":""}}]}}]}\n\n`
    const events = Array.from(
      { length: 100 },
      (_, at) => `data: {"id":"c","choices":[{"index":0,${body.replaceAll('…', ` ${at}`)}}]}\n\n`,
    )
    const bytes = Buffer.from([opening, ...events].join(''))

    it.each([
      ['one array', [new Uint8Array(bytes)], 8],
      ['one Buffer', [bytes], 8],
      ['Buffers of one event', [opening, ...events].map((text) => Buffer.from(text)), 8],
      ['Buffers cut anywhere', [bytes.subarray(0, 3_000), bytes.subarray(3_000, 6_500), bytes.subarray(6_500)], 8],
      // Whether a lesson pays is not seen in reads of a few events: some pass first.
      [
        'Buffers of a few events, cut anywhere',
        Array.from({ length: bytes.length / 400 + 1 }, (_, at) => bytes.subarray(at * 400, (at + 1) * 400)),
        40,
      ],
    ])('has few events parsed where its bytes are %s', (_cut, reads, most) => {
      let parsed = 0
      const createSseParser: typeof platform.createSseParser = (emit) =>
        platform.createSseParser((one) => {
          parsed++
          emit(one)
        })
      const decoder = createByteDecoder({ ...platform, createSseParser }, {}, true)
      for (const read of reads) decoder.push(read)
      expect(decoder.sum()?.choices).toHaveLength(1)
      expect(parsed).toBeLessThan(most)
    })
  })

  it('sums what has arrived at any time, and goes on', () => {
    const decoder = createByteDecoder(platform, {}, true)
    const bytes = new TextEncoder().encode(`${event('ab')}\n\n`)
    for (let times = 1; times <= 5; times++) {
      decoder.push(bytes)
      expect(decoder.sum()?.choices[0]?.delta.content).toBe('ab'.repeat(times))
    }
    expect(decoder.take()).toEqual([])
  })

  it('holds no more than an event that never ends is allowed to be long', () => {
    const decoder = createByteDecoder(platform, { maxEventLength: 100_000 }, false)
    const bytes = new TextEncoder().encode('data: '.padEnd(10_000, 'x'))
    for (let times = 0; times < 20 && !decoder.done; times++) decoder.push(bytes)
    // The parser of these tests has no limit of its own: the decoder's is seen when the event ends.
    decoder.end()
    expect(decoder.error).toMatchObject({ code: 'limit_exceeded', details: { option: 'maxEventLength' } })
  })
})
