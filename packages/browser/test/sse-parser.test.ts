import type { StreamEvent } from '@deltawire/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSseParser } from '../src/transport/sse-parser.ts'

function read(pieces: readonly string[], isEnded = false): StreamEvent[] {
  const events: StreamEvent[] = []
  const parser = createSseParser((event) => events.push(event))
  for (const piece of pieces) parser.push(piece)
  if (isEnded) parser.end()
  return events
}

describe('an event stream', () => {
  it.each([
    ['an event', 'data: a\n\n', [{ data: 'a' }]],
    ['one space is no data, two are one', 'data:a\n\ndata:  b\n\n', [{ data: 'a' }, { data: ' b' }]],
    ['lines of data', 'data: a\ndata\ndata: b\n\n', [{ data: 'a\n\nb' }]],
    ['a name and an id', 'event: error\nid: 7\ndata: a\n\n', [{ data: 'a', event: 'error', id: '7' }]],
    ['an id for one event only', 'id: 7\ndata: a\n\ndata: b\n\n', [{ data: 'a', id: '7' }, { data: 'b' }]],
    ['no id with a NUL', 'id: \0\ndata: a\n\n', [{ data: 'a' }]],
    ['comments and unknown fields', ': hi\nretry: 3\nfoo: bar\n\ndata: a\n\n', [{ data: 'a' }]],
    ['nothing without data', 'event: x\n\ndata: a\n\n', [{ data: 'a' }]],
    ['every end of a line', 'data: a\r\rdata: b\r\n\r\ndata: c\n\n', [{ data: 'a' }, { data: 'b' }, { data: 'c' }]],
    ['a byte order mark', '\uFEFFdata: a\n\n', [{ data: 'a' }]],
    ['not what is open', 'data: a\n\ndata: b\n', [{ data: 'a' }]],
  ])('has %s', (_what, text, events) => {
    expect(read([text])).toEqual(events)
    expect(read([...text])).toEqual(events)
  })

  it('gives what is open at its end', () => {
    expect(read(['data: a\n\nid: 2\ndata: b'], true)).toEqual([{ data: 'a' }, { data: 'b', id: '2' }])
  })

  it('is the same, wherever it is cut', () => {
    const token = fc.constantFrom('data', 'id', 'event', ':', ' ', '\n', '\r', '\r\n', '\n\n', 'a', 'ü', '\uFEFF', '0')
    fc.assert(
      fc.property(fc.array(fc.array(token).map((tokens) => tokens.join(''))), (pieces) => {
        expect(read(pieces, true)).toEqual(read([pieces.join('')], true))
      }),
      { numRuns: 2_000 },
    )
  })

  it('does not collect an event without end', () => {
    const parser = createSseParser(() => {}, 100)
    expect(() => {
      for (let at = 0; at < 100; at++) parser.push('data: aaaaaaaaaa\n')
    }).toThrow('[limit_exceeded]')
  })

  it('reads a long line in time that its length takes', () => {
    const pieces = Array.from({ length: 20_000 }, () => 'x'.repeat(500))
    expect(read(['data: ', ...pieces, '\n\n'])[0]?.data).toHaveLength(10_000_000)
  })
})
