import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFramer, type CreateSseParser, type Limits, type StreamEvent } from '../src/index.ts'
import { cutText } from './raw.ts'

const createSseParser: CreateSseParser = (emit) => {
  const parser = createParser({ onEvent: emit })
  return { push: (text) => parser.feed(text), end: () => parser.feed('\n\n') }
}

function frame(pieces: readonly string[], options: Limits = {}): string[] {
  const events: StreamEvent[] = []
  const framer = createFramer(createSseParser, (event) => events.push(event), options)
  for (const piece of pieces) framer.push(piece)
  framer.end()
  return events.map(({ data }) => data)
}

const bodies: [name: string, body: string, events: string[]][] = [
  ['SSE', ': hello\n\ndata: {"a":1}\n\ndata: [DONE]\n\n', ['{"a":1}', '[DONE]']],
  ['SSE whose last event is open', 'data: {"a":1}', ['{"a":1}']],
  ['one JSON object', '{\n "a": 1\n}\n', ['{\n "a": 1\n}']],
  ['lines of JSON', '{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']],
  ['a JSON list', '[{"a":1},\n{"b":2}]', ['{"a":1}', '{"b":2}']],
  ['an unfinished JSON object', '{"a":', ['{"a":']],
  ['a page', '<html>502</html>', ['<html>502</html>']],
  ['a complaint in plain text', 'upstream error\nsee log', ['upstream error\nsee log']],
  ['a word of JSON', 'null\n', ['null']],
  ['comments and control lines', ': ping\n\nretry: 1\nid: 2\nevent: x\n\n: ping\n\n', []],
  ['nothing', '', []],
  ['nothing but blanks', '\n \r\n', []],
]

describe.each(bodies)('a body that is %s', (_, body, events) => {
  it('is framed the same, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 12 }), (positions) => {
        expect(frame(cutText(body, positions))).toEqual(events)
      }),
      { numRuns: 50 },
    )
  })

  it('is framed the same behind blank lines and a byte order mark', () => {
    for (const before of ['\n\n\n', '\uFEFF', '\uFEFF\r\n', '\n\uFEFF\uFEFF ']) {
      expect(frame([before + body])).toEqual(events)
      expect(frame([...`${before}${body}`])).toEqual(events)
    }
  })
})

it('an event is given with its piece, not later', () => {
  const events: StreamEvent[] = []
  const framer = createFramer(createSseParser, (event) => events.push(event))
  framer.push('data: 1\n\ndata: 2\n')
  expect(events).toHaveLength(1)
  framer.push('\n')
  expect(events).toHaveLength(2)
})

it('only the beginning of a page or a plain text is kept', () => {
  for (const word of ['<p>', 'word ']) {
    const events = frame(Array.from({ length: 10_000 }, () => word))
    expect(events).toHaveLength(1)
    expect(events[0]?.length).toBeLessThanOrEqual(1_000)
  }
})

it('comments without end are nothing, however many', () => {
  expect(frame(Array.from({ length: 5_000 }, () => ': keep-alive\n\n'))).toEqual([])
})

describe('JSON that does not end', () => {
  it('passes the limit of one event', () => {
    expect(() => frame(['{"a":"', 'x'.repeat(100)], { maxEventLength: 100 })).toThrow(
      expect.objectContaining({ code: 'limit_exceeded', details: { option: 'maxEventLength', limit: 100 } }),
    )
  })

  it('is kept up to the limit', () => {
    const body = `{"a":"${'x'.repeat(92)}"}`
    expect(frame([...body], { maxEventLength: 100 })).toEqual([body])
  })

  it('is not what many short events in a row are', () => {
    const line = '{"a":1}\n'
    expect(frame([line.repeat(100)], { maxEventLength: 100 })).toHaveLength(100)
    expect(
      frame(
        Array.from({ length: 100 }, () => line),
        { maxEventLength: 100 },
      ),
    ).toHaveLength(100)
  })
})
