import { describe, expect, it } from 'vitest'
import { cutRandomly, numbers, streamOf } from './support/event-fuzzer.ts'
import { readQuickly, readSlowly } from './support/two-ways.ts'

/** How many events the fuzzer makes. `pnpm fuzz` makes millions. */
const EVENTS = Number(process.env['DELTAWIRE_FUZZ_EVENTS'] ?? 20_000)
const FIRST_SEED = Number(process.env['DELTAWIRE_FUZZ_SEED'] ?? 1)
const PER_STREAM = 60

describe('the fast way and the slow way', () => {
  it('give the same chunks, sums, errors and warnings, whatever the bytes and their cuts', () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + EVENTS / PER_STREAM; seed++) {
      const random = numbers(seed)
      const bytes = streamOf(random, PER_STREAM)
      const options = {
        ...(random(6) === 0 && { maxAnswerLength: 200 + random(400), lenient: random(2) === 0 }),
        ...(random(6) === 0 && { maxJsonDepth: 6 + random(5) }),
      }
      const slow = readSlowly(bytes, options)
      const quick = readQuickly(cutRandomly(bytes, random), options)
      expect(quick, `seed ${seed}`).toEqual(slow)
      const { sum, error, warnings } = readQuickly(cutRandomly(bytes, random), options, true)
      expect({ sum, error, warnings }, `seed ${seed}, summing`).toEqual({
        sum: slow.sum,
        error: slow.error,
        warnings: slow.warnings,
      })
    }
  }, 3_600_000)

  it('give the text of a legacy completion after one that was empty', () => {
    const event = (text: string): string =>
      `data: {"id":"c","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"${text}","finish_reason":null}]}\n\n`
    const bytes = new TextEncoder().encode('abcdefghij'.replaceAll(/./g, (text) => event(text) + event('')))
    const slow = readSlowly(bytes)
    expect(slow.chunks).toHaveLength(20)
    expect(readQuickly([bytes])).toEqual(slow)
  })

  it('give the same after an event longer than 64 KB, which takes almost all the length an answer may have', () => {
    const event = (content: string): string =>
      `data: {"id":"c","choices":[{"index":0,"delta":{"content":"${content}"},"finish_reason":null}]}\n\n`
    const text = event(' the').repeat(40) + event('x'.repeat(70_000)) + event(' the').repeat(80)
    const bytes = new TextEncoder().encode(text)
    const options = { maxAnswerLength: 71_000 }
    const cut = Array.from({ length: bytes.length / 1_000 + 1 }, (_, at) => bytes.slice(at * 1_000, (at + 1) * 1_000))
    const slow = readSlowly(bytes, options)
    expect(slow.chunks).toHaveLength(100)
    expect(readQuickly(cut, options)).toEqual(slow)
    expect(readQuickly(cut, options, true)).toEqual({ ...slow, chunks: [] })
  })

  it('keep a byte order mark that comes after the beginning, also where the fast way is left', () => {
    const event = (content: string): string =>
      `data: {"id":"c","choices":[{"index":0,"delta":{"content":"${content}"},"finish_reason":null}]}`
    const text = `${event(' the')}\n\n`.repeat(20) + `\uFEFF${event(' lost')}\r\r${event(' sum')}\r\r`
    const bytes = new TextEncoder().encode(text)
    const slow = readSlowly(bytes)
    expect(slow.chunks).toHaveLength(21)
    expect(readQuickly([bytes])).toEqual(slow)
    expect(readQuickly([bytes.subarray(0, 30), bytes.subarray(30)])).toEqual(slow)
  })
})
