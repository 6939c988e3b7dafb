import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  afterClose,
  BadFrame,
  canonicalJson,
  checksum,
  CLOSE_CODES,
  createReceiver,
  type DataFrame,
  decodeClientFrame,
  decodeServerFrame,
  formatPosition,
  isPrefix,
  parsePosition,
  restoreChunk,
  SUBPROTOCOL,
  toWireChunk,
  type WireChunk,
} from '../src/index.ts'
import { REFUSAL_STATUS } from '../src/protocol/refusal-status.ts'
import { answerOf, chunkOf } from './support/chunks.ts'

const paper = readFileSync(new URL('../PROTOCOL.md', import.meta.url), 'utf8')

const textChunk = (content: string): WireChunk => ({ choices: [{ index: 0, delta: { content } }] })
const data = (e: string, o: number, n: number, ...texts: string[]): DataFrame => ({
  t: 'd',
  s: 's',
  e,
  o,
  n,
  c: texts.map(textChunk),
})

describe('a receiver', () => {
  const at = (e: string, o: number): ReturnType<typeof createReceiver> => {
    const receiver = createReceiver()
    receiver.receive(data(e, o, o, 'x'))
    return receiver
  }

  test('takes what follows, and what covers everything', () => {
    const receiver = createReceiver()
    expect(receiver.receive(data('e1', 2, 2, 'a', 'b'))).toBe('added')
    expect(receiver.receive(data('e1', 5, 3, 'c'))).toBe('added')
    expect(receiver.sum).toEqual(textChunk('abc'))
    expect(receiver.receive(data('e1', 9, 9, 'all'))).toBe('replaced')
    expect(receiver.sum).toEqual(textChunk('all'))
    expect(receiver.position).toEqual({ e: 'e1', o: 9 })
  })

  test.each<[string, DataFrame, string, number]>([
    ['knows what it has', data('e1', 4, 1, 'a'), 'known', 4],
    ['knows a sum that is behind it', data('e1', 3, 3, 'a'), 'known', 4],
    ['sees that something is missing', data('e1', 6, 1, 'a'), 'gap', 4],
    ['sees that something overlaps', data('e1', 6, 3, 'a'), 'gap', 4],
    ['sees another epoch', data('e2', 5, 1, 'a'), 'gap', 4],
    ['takes the sum of another epoch, also a shorter one', data('e2', 3, 3, 'a'), 'replaced', 3],
    ['takes a new name of its position', { ...data('e2', 4, 0), p: 'e1' }, 'renamed', 4],
    ['takes no new name of another offset', { ...data('e2', 5, 0), p: 'e1' }, 'gap', 4],
    ['takes no new name of another epoch', { ...data('e2', 4, 0), p: 'e0' }, 'gap', 4],
    ['takes no new name of nothing', data('e2', 4, 0), 'gap', 4],
  ])('%s', (_name, frame, verdict, o) => {
    const receiver = at('e1', 4)
    expect(receiver.receive(frame)).toBe(verdict)
    expect(receiver.position?.o).toBe(o)
  })

  test('says gap to an end that is elsewhere, corrupt to a wrong sum, ended to the right one', () => {
    const receiver = at('e1', 4)
    const end = { t: 'end', s: 's', e: 'e1', o: 4, st: 'done', h: checksum(receiver.sum) } as const
    expect(receiver.receive({ ...end, o: 5 })).toBe('gap')
    expect(receiver.receive({ ...end, e: 'e2' })).toBe('gap')
    expect(receiver.receive({ ...end, h: 'no' })).toBe('corrupt')
    expect(receiver.receive(end)).toBe('ended')
    expect(receiver.receive(data('e1', 5, 1, 'late'))).toBe('known')
  })

  test('needs no data for a stream without chunks', () => {
    const end = { t: 'end', s: 's', e: 'e1', o: 0, st: 'cancelled', h: checksum(undefined) } as const
    expect(createReceiver().receive(end)).toBe('ended')
  })
})

describe('the checksum', () => {
  test('is that of the standard library', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const sum = { value }
        const expected = createHash('sha256').update(canonicalJson(sum)).digest('hex').slice(0, 32)
        expect(checksum(sum)).toBe(expected)
      }),
    )
    for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]) {
      const sum = { text: 'é'.repeat(length) }
      expect(checksum(sum)).toBe(createHash('sha256').update(canonicalJson(sum)).digest('hex').slice(0, 32))
    }
  })

  test('does not depend on the order of keys, nor on what is null', () => {
    expect(checksum({ a: 1, b: { c: [null, 2], d: null } })).toBe(checksum({ b: { c: [null, 2] }, a: 1 }))
    expect(canonicalJson({ b: 1, a: null, Z: '\uD83D' })).toBe(String.raw`{"Z":"\ud83d","b":1}`)
  })

  test('orders keys as texts, also those that objects of JavaScript put first or take for something else', () => {
    const text = '{"-":[null,{}],"10":1,"9":2,"__proto__":{"a":3},"a":4}'
    expect(canonicalJson(JSON.parse('{"a":4,"__proto__":{"a":3,"b":null},"9":2,"10":1,"-":[null,{}]}'))).toBe(text)
  })
})

describe('a chunk as it travels', () => {
  test('says once what all chunks of a stream say', () => {
    const [first, second] = answerOf('a')
    if (first === undefined || second === undefined) throw new Error('there are three')
    const wire = toWireChunk(first, undefined)
    expect(wire).toEqual({ ...first, choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] })
    expect(toWireChunk(second, wire)).toEqual({ choices: [{ index: 0, delta: { content: 'a' } }] })
  })

  test('is the same chunk again when it has arrived', () => {
    const sum = toWireChunk(chunkOf({ role: 'assistant' }), undefined)
    for (const chunk of answerOf('a', 'b')) expect(restoreChunk(toWireChunk(chunk, sum), sum)).toEqual(chunk)
  })
})

describe('a position', () => {
  test('is a prefix up to the lowest fork of all later epochs', () => {
    const lineage = [
      { e: 'a', at: 0 },
      { e: 'b', at: 10 },
      { e: 'c', at: 4 },
    ]
    const prefixes = (e: string): number[] =>
      Array.from({ length: 15 }, (_, o) => o).filter((o) => isPrefix(lineage, 8, { e, o }))
    expect([prefixes('a').at(-1), prefixes('b').at(-1), prefixes('c').at(-1), prefixes('d').at(-1)]).toEqual([
      4,
      4,
      8,
      undefined,
    ])
  })

  test('is one word', () => {
    expect(parsePosition(formatPosition({ e: 'a-_9', o: 12 }))).toEqual({ e: 'a-_9', o: 12 })
    for (const text of ['', '.', 'a.', '.1', 'a.-1', 'a.1.5', 'a.1e3', 'a b.1', `a.${'9'.repeat(20)}`])
      expect(parsePosition(text)).toBeUndefined()
  })
})

describe('frames', () => {
  test.each([
    '',
    'null',
    '[]',
    '"hello"',
    '{}',
    '{"t":1}',
    '{"t":"sub"}',
    '{"t":"sub","s":5}',
    '{"t":"sub","s":""}',
    '{"t":"sub","s":"a","from":"start"}',
    '{"t":"sub","s":"a","from":{"e":"x","o":-1}}',
    '{"t":"sub","s":"a","from":{"e":"x","o":1.5}}',
    '{"t":"sub","s":"a","from":{"e":"x","o":9007199254740992}}',
    '{"t":"sub","s":"a","from":{"e":"","o":1}}',
    '{"t":"ack","b":"1"}',
    '{"t":"ack","b":null}',
    '{"t":"hello","flushMs":1001}',
    '{"t":"start","id":"1","key":"k","body":[]}',
    '{"t":"start","id":"1","key":"k","body":{},"orphan":"stop"}',
    '{"t":"cancel","s":"a"}',
    '{"t":"tool","id":"1","s":"a","call":"c"}',
    `{"t":"start","id":"1","key":"k","body":{"a":${'['.repeat(80)}${']'.repeat(80)}}}`,
    `{"t":"hello","token":"${'x'.repeat(8193)}"}`,
  ])('are refused: %s', (text) => {
    expect(() => decodeClientFrame(text)).toThrow(BadFrame)
  })

  test('of kinds that nobody knows are ignored, and fields too', () => {
    expect(decodeClientFrame('{"t":"future","x":1}')).toBeUndefined()
    expect(decodeServerFrame('{"t":"constructor"}')).toBeUndefined()
    expect(decodeClientFrame('{"t":"ping","future":true}')).toEqual({ t: 'ping', future: true })
  })

  test('are decoded or refused, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.jsonValue().map((value) => JSON.stringify({ t: 'sub', s: value })),
        ),
        (text) => {
          for (const decode of [decodeClientFrame, decodeServerFrame]) {
            try {
              const frame = decode(text)
              expect(frame === undefined || typeof frame.t === 'string').toBe(true)
            } catch (reason) {
              expect(reason).toBeInstanceOf(BadFrame)
            }
          }
        },
      ),
    )
  })
})

describe('the paper', () => {
  test('shows frames that are frames', () => {
    const lines = [...paper.matchAll(/^(?:[AB]?([<>]) )?(\{"t":.*\}|\{ "t":.*\})$/gm)]
    expect(lines.length).toBeGreaterThan(30)
    for (const [, side, text = ''] of lines) {
      // Where something is left out, there is nothing to read.
      if (text.includes('…}') || text.includes('…]')) continue
      const frame = (side === '>' ? decodeClientFrame : decodeServerFrame)(text)
      expect({ text, isKnown: frame !== undefined }).toEqual({ text, isKnown: true })
    }
  })

  test('has every close code, every refusal, and the name of the subprotocol', () => {
    for (const code of Object.values(CLOSE_CODES)) expect(paper).toContain(`| ${code} `)
    for (const code of Object.keys(REFUSAL_STATUS)) expect(paper).toContain(`### ${code}\n`)
    expect(paper).toContain(`# ${SUBPROTOCOL}\n`)
  })

  test('tells by ranges what to do after a close code', () => {
    const after = [1000, 1001, 1005, 1006, 1009, 4401, 4410, 4499, 4503, 4599].map((code) => [code, afterClose(code)])
    expect(after).toEqual([
      [1000, 'give-up'],
      [1001, 'reconnect'],
      [1005, 'reconnect'],
      [1006, 'reconnect'],
      [1009, 'give-up'],
      [4401, 'give-up'],
      [4410, 'renew-token'],
      [4499, 'give-up'],
      [4503, 'reconnect'],
      [4599, 'reconnect'],
    ])
  })
})
