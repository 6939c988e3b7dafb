import { isStreamError, type StreamEvent, type TextSink } from '@deltawire/core'
import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sseParser } from '../src/sse-parser.ts'

/** The same by a parser that no other stream has seen. */
function alone(text: string): StreamEvent[] {
  const events: StreamEvent[] = []
  const parser = createParser({ onEvent: (event) => events.push(event) })
  parser.feed(text.replaceAll(/\r\n?/g, '\n'))
  parser.feed('\n\n')
  return events
}

const mark = '\u00EF\u00BB\u00BF'
const piece = fc.constantFrom('data: a', 'data:', 'b', 'id: 1', 'event: e', ': c', mark, '\n', '\r', '\n\n', '\r\n\r\n')

describe('streams that are read at the same time', () => {
  it('are each read as if there were no other', () => {
    const turns = fc.array(fc.tuple(fc.nat(3), piece), { maxLength: 60 })
    fc.assert(
      fc.property(turns, (all) => {
        const streams = [100, 100, 200, 100].map((maxEventLength) => {
          const events: StreamEvent[] = []
          return { events, text: '', sink: sseParser((event) => events.push(event), { maxEventLength }) }
        })
        for (const [which, text] of all) {
          const stream = streams[which] as (typeof streams)[number]
          stream.text += text
          try {
            stream.sink.push(text)
          } catch (error) {
            // Lines that no blank line ends; what came before was given, and the others are to go on.
            expect(isStreamError(error)).toBe(true)
            return
          }
        }
        for (const { events, sink, text } of streams) {
          sink.end()
          expect(events).toEqual(alone(text))
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('are not disturbed when an event of one has another read', () => {
    const inner: string[] = []
    const outer: string[] = []
    const within = sseParser(({ data }) => inner.push(data), {})
    const parser: TextSink = sseParser(({ data }) => {
      outer.push(data)
      within.push(`data: within ${data}\n\n`)
    }, {})
    parser.push('data: 1\n\ndata: 2\n\ndata: 3')
    parser.push('\n\ndata: 4\n\n')
    expect(outer).toEqual(['1', '2', '3', '4'])
    expect(inner).toEqual(['within 1', 'within 2', 'within 3', 'within 4'])
  })

  it('have each its own limit', () => {
    const long = `data: ${'x'.repeat(200)}\n\n`
    const inPieces = (maxEventLength: number) => {
      const sink = sseParser(() => {}, { maxEventLength })
      for (const text of ['data: a\n\n', long.slice(0, -2), '\n\n']) sink.push(text)
    }
    inPieces(1_000)
    expect(() => inPieces(100)).toThrow('maxEventLength')
    inPieces(1_000)
  })

  it('are not ended by one that passes its limit, or whose reader throws', () => {
    const data: string[] = []
    const going = sseParser((event) => data.push(event.data), { maxEventLength: 100 })
    going.push('data: a\n\n')
    const long = sseParser(() => {}, { maxEventLength: 100 })
    expect(() => long.push(`data: ${'x'.repeat(200)}`)).toThrow('maxEventLength')
    const failing = sseParser(
      () => {
        throw new Error('no')
      },
      { maxEventLength: 100 },
    )
    expect(() => failing.push('data: b\ndata: c\n\ndata: d\n\n')).toThrow('no')
    going.push('data: e\n\n')
    expect(data).toEqual(['a', 'e'])
  })
})
