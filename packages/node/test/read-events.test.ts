import { isStreamError, type StreamEvent } from '@deltawire/core'
import { bytesOf, cutEvery, iterableOf, streamOf } from '@deltawire/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readEvents } from '../src/index.ts'

type Source = Parameters<typeof readEvents>[0]

async function read(source: Source, options: Parameters<typeof readEvents>[1] = {}) {
  const events: StreamEvent[] = []
  try {
    for await (const event of readEvents(source, options)) events.push(event)
    return { events, data: events.map(({ data }) => data) }
  } catch (thrown) {
    return { events, data: events.map(({ data }) => data), thrown }
  }
}

const body = ': hello\n\nevent: a\nid: 1\ndata: ü\ndata: 👋\n\nretry: 5\ndata:x\n\n'
const expected = [
  { data: 'ü\n👋', event: 'a', id: '1' },
  { data: 'x', event: undefined, id: undefined },
]

describe('events', () => {
  it('are read from bytes, text, or both, in pieces of any size', async () => {
    expect((await read([body])).events).toEqual(expected)
    expect((await read(body.split(/(?<=\n)/))).events).toEqual(expected)
    for (const size of [1, 2, 3, 7, 1_000]) {
      expect((await read(cutEvery(bytesOf(body), size))).events).toEqual(expected)
      expect((await read(iterableOf(cutEvery(bytesOf(body), size)))).events).toEqual(expected)
      expect((await read(streamOf(cutEvery(bytesOf(body), size)))).events).toEqual(expected)
    }
    expect((await read([bytesOf(body.slice(0, 20)), body.slice(20)])).events).toEqual(expected)
  })

  it('are the same whichever way lines end, also when the ways mix', async () => {
    const end = fc.constantFrom('\n', '\r', '\r\n')
    const lines = body.split('\n')
    await fc.assert(
      fc.asyncProperty(
        fc.array(end, { minLength: lines.length, maxLength: lines.length }),
        fc.integer({ min: 1, max: 9 }),
        async (ends, size) => {
          // A CR that an LF follows by chance would be one end instead of two.
          fc.pre(ends.every((one, at) => one !== '\r' || lines[at + 1] !== '' || ends[at + 1] !== '\n'))
          const text = lines.map((line, at) => line + (at < lines.length - 1 ? ends[at] : '')).join('')
          expect((await read(cutEvery(bytesOf(text), size))).events).toEqual(expected)
        },
      ),
    )
  })

  it('end with the body, whatever is left open', async () => {
    for (const left of ['', '\n', '\r', '\r\n', '\n\n', '\r\r'])
      expect((await read([`data: x${left}`])).data).toEqual(['x'])
  })

  it('have a replacement for what is no UTF-8, and lose nothing else', async () => {
    for (const broken of [[0xff], [0xe6, 0x97], [0xf0, 0x9f, 0x91], [0xc0, 0x80]]) {
      const bytes = new Uint8Array([...bytesOf('data: a'), ...broken, ...bytesOf('b\n\ndata: c\n\n')])
      for (const size of [1, 100]) {
        const { data } = await read(cutEvery(bytes, size))
        expect(data[0]).toMatch(/^a\uFFFD+b$/)
        expect(data[1]).toBe('c')
      }
    }
  })

  it('are not lost behind a byte order mark', async () => {
    const marked = [0xef, 0xbb, 0xbf, ...bytesOf('data: x\n\n')]
    for (const size of [1, 2, 100]) expect((await read(cutEvery(new Uint8Array(marked), size))).data).toEqual(['x'])
    expect((await read(['\uFEFFdata: x\n\n'])).data).toEqual(['x'])
    expect((await read(['\uFEFF', 'data: x\n\n'])).data).toEqual(['x'])
  })
})

it('a field "error:" is an event of that name, as llama.cpp meant it', async () => {
  expect((await read(['data: x\n\nerror: {"code":500}\n\n'])).events).toMatchObject([
    { data: 'x' },
    { event: 'error', data: '{"code":500}' },
  ])
})

describe('the limit of one event', () => {
  it.each([
    ['a line that does not end', `data: ${'x'.repeat(200)}`],
    ['lines that no blank line ends', 'data: x\n'.repeat(200)],
    ['empty data lines', 'data:\n'.repeat(200)],
    ['JSON that does not end', `{"a":"${'x'.repeat(200)}`],
  ])('ends %s, after what came before', async (_, long) => {
    for (const size of [1, 16, 10_000]) {
      const before = long.startsWith('{') ? '{"b":1}\n' : 'data: first\n\n'
      const { data, thrown } = await read(cutEvery(bytesOf(before + long), size), { maxEventLength: 100 })
      expect(thrown).toSatisfy((error) => isStreamError(error) && error.code === 'limit_exceeded')
      expect(data).toHaveLength(1)
    }
  })

  it('is not passed by many events in one piece, nor by comments without end', async () => {
    expect((await read(['data: x\n\n'.repeat(1_000)], { maxEventLength: 100 })).data).toHaveLength(1_000)
    expect((await read([': keep-alive\n\n'.repeat(1_000), 'data: x\n\n'], { maxEventLength: 100 })).data).toEqual(['x'])
  })
})

it('a source that fails has its say after what came before', async () => {
  const failure = new Error('The cable was cut')
  const { data, thrown } = await read(iterableOf([bytesOf('data: x\n\ndata: y')], { failure }))
  expect(data).toEqual(['x'])
  expect(thrown).toBe(failure)
})

it('leaving early ends the source', async () => {
  let cancelled = 0
  for await (const event of readEvents(iterableOf([bytesOf(body)], { onCancel: () => cancelled++ }))) {
    expect(event).toEqual(expected[0])
    break
  }
  expect(cancelled).toBe(1)
})

it('a piece in which the two kinds of line ends mix costs no more than others', async () => {
  // Quadratic, this takes minutes.
  const text = `\r${'\n'.repeat(4_000_000)}data: x\r\rdata: y\n\n`
  expect((await read([text])).data).toEqual(['x', 'y'])
})
