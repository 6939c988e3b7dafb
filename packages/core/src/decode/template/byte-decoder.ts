import type { ChatCompletionChunk } from '../../chunk.ts'
import { type AnyStreamError, isStreamError } from '../../error.ts'
import { LINE_FEED, SPACE } from '../../json-characters.ts'
import { limitsOf } from '../../limits.ts'
import type { Warning } from '../../normalize/warning.ts'
import { createDecoder, type DecodeOptions, type Decoded } from '../decoder.ts'
import { createFramer, type StreamEvent } from '../frame.ts'
import { readBy } from '../read-by.ts'
import type { ByteDecoder, BytePlatform } from './byte-platform.ts'
import { behindBlankLine, behindLastBlankLine, Carry, type ReadEvents } from './carry.ts'
import { Lessons } from './lessons.ts'
import { Matching } from './matching.ts'
import { MISS } from './miss.ts'
import { PendingSum } from './pending-sum.ts'

/**
 * Bytes to normalized chunks, or to their sum, at the speed of reading bytes.
 *
 * See README.md beside this file for the idea. An event that matches no template takes the slow way: the platform's
 * decoder, the SSE parser, `JSON.parse`, `normalize`. The two ways give the same, event by event.
 *
 * @param sums whether only the sum is wanted, which spares making chunks
 */
export function createByteDecoder(platform: BytePlatform, options: DecodeOptions, sums: boolean): ByteDecoder {
  if (decoders++ > 0) exemplar ??= taught(platform)
  return new Decoder(platform, options, sums)
}

/**
 * A decoder that lives as long as the program.
 *
 * V8 throws optimized code away when a full collection finds no object of the shapes it was made for, as between two
 * streams: folding 10,000 chunks then costs 0.46 µs per chunk instead of 0.12. Made with the second stream: a program
 * that reads one would wait a millisecond of seven for it.
 */
let exemplar: Decoder | undefined
let decoders = 0

/** A decoder that has an object of every shape. */
function taught(platform: BytePlatform): Decoder {
  const decoder = new Decoder(platform, {}, true)
  const event = 'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
  decoder.push(Uint8Array.from(event.repeat(12), (character) => character.charCodeAt(0)))
  return decoder
}

// A class, so that the fields of the hot path lie in one object of one shape.
class Decoder implements ByteDecoder {
  begun = false
  done = false
  error: AnyStreamError | undefined
  readonly warnings: readonly Warning[]
  readonly #sums: boolean
  readonly #text: ReturnType<BytePlatform['createTextDecoder']>
  readonly #slow: ReturnType<typeof createDecoder>
  readonly #framer: ReturnType<typeof createFramer>
  readonly #carry = new Carry()
  /** Whether the body is one that may have templates, once it has begun; the parser then stands between two events. */
  #plain: boolean | undefined
  #chunks: ChatCompletionChunk[] = []
  readonly #pending: PendingSum
  /** How many chunks have taken the slow way, and the latest. */
  #parsed = 0
  #latest: ChatCompletionChunk | undefined
  readonly #lessons: Lessons
  readonly #matching: Matching
  /** What later events are read by, as it was after the last slow event. */
  #state = ''

  constructor(platform: BytePlatform, options: DecodeOptions, sums: boolean) {
    this.#sums = sums
    this.#text = platform.createTextDecoder()
    this.#slow = createDecoder(options)
    this.warnings = this.#slow.warnings
    this.#framer = createFramer(platform.createSseParser, (event) => this.#take(event), options)
    const { maxEventLength, maxJsonDepth } = limitsOf(options)
    this.#lessons = new Lessons({ decode: platform.decodeRange, maxJsonDepth, weigh: this.#slow.stream.weigh })
    this.#pending = new PendingSum(this.#slow.stream)
    this.#matching = new Matching(this.#pending, this.#lessons, maxEventLength)
    // Only the slow way knows how to look back at all the text so far, and sees every repair.
    if (options.cumulative === true || options.onRepair !== undefined) this.#plain = false
  }

  get ready(): boolean {
    return this.#chunks.length > 0
  }

  take(): readonly ChatCompletionChunk[] {
    const chunks = this.#chunks
    if (chunks.length > 0) this.#chunks = []
    return chunks
  }

  sum(): ChatCompletionChunk | undefined {
    this.#pending.settle()
    return this.#pending.sum
  }

  pushText(text: string): void {
    if (this.done) return
    this.#leave()
    this.#parse(text)
  }

  push(bytes: Uint8Array): void {
    if (this.done || bytes.length === 0) return
    this.#plain ??= isEventStream(bytes)
    if (!this.#plain) return this.#parse(this.#decode(bytes))
    if (!this.#carry.push(bytes, this.#read) && !this.done) this.#leave()
  }

  end(): void {
    if (this.done) return
    this.#leave()
    this.#pending.settle()
    this.#parse(this.#text.decode())
    if (!this.done) this.#guarded(() => this.#framer.end())
    if (!this.done) this.#deliver(this.#slow.end())
    this.done = true
  }

  breakOff(): void {
    if (this.done) return
    this.#pending.settle()
    this.#deliver({ chunks: this.#slow.end().chunks, done: true })
  }

  /** Gives up the fast way: what was carried goes to the parser, which sees everything from now on. */
  #leave(): void {
    this.#plain = false
    this.#parse(this.#decode(this.#carry.take()))
  }

  /** Reads whole events, and gives the position behind the last one. */
  readonly #read: ReadEvents = (bytes, known, from, end) => {
    let view = known
    let at = from
    while (at < end && !this.done) {
      if (bytes[at] === LINE_FEED) {
        // A blank line between events, of servers that send two.
        at++
        continue
      }
      let behind = MISS
      if (this.#matching.templates.length > 0) {
        view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
        behind = this.#matching.read(bytes, view, at, end, this.#sums ? undefined : this.#chunks)
      }
      if (behind === MISS) {
        behind = behindBlankLine(bytes, at, end)
        if (behind === -1) return at
        const due = this.#lessons.isDue((end - behind) / (behind - at))
        // Where nothing was learnt and nothing is to be, events need not be told apart. The first of a stream may be a long one.
        if (!due && !this.#lessons.begun) {
          const next = behindBlankLine(bytes, behind, end)
          if (next === -1 || !this.#lessons.isDue((end - next) / (next - behind)))
            behind = behindLastBlankLine(bytes, behind, end)
        }
        this.#readSlowly(bytes, at, behind, due)
      }
      at = behind
    }
    return at
  }

  /** One event by the slow way; then a look at what can be learnt from it. */
  #readSlowly(bytes: Uint8Array, from: number, to: number, teaches: boolean): void {
    this.#parsed = 0
    const event = bytes.subarray(from, to)
    const text = this.#decode(event)
    this.#parse(text)
    const matching = this.#matching
    if (this.done || (!teaches && matching.templates.length === 0)) return
    const { stream } = this.#slow
    const state = readBy(stream)
    if (state !== this.#state) {
      // What the templates stand on has changed: an identity, a new call, an end.
      matching.templates = []
      this.#state = state
    } else if (teaches && this.#parsed === 1 && this.#latest !== undefined) {
      const template = this.#lessons.take(event, text, this.#latest, matching.templates)
      if (template !== undefined) matching.add(template)
    }
    // Only a lesson needs it, and it would be 0.9 KB of every stream that waits.
    this.#latest = undefined
    matching.room = stream.room
  }

  #decode(bytes: Uint8Array): string {
    return this.#text.decode(bytes, { stream: true })
  }

  #parse(text: string): void {
    if (text === '') return
    this.#pending.settle()
    this.#guarded(() => this.#framer.push(text))
  }

  #guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      if (!isStreamError(error)) throw error
      if (this.done) return
      this.#deliver({ chunks: this.#slow.end().chunks, done: true, error })
    }
  }

  #take(event: StreamEvent): void {
    if (this.done) return
    this.#deliver(this.#slow.push(event))
  }

  #deliver(decoded: Decoded): void {
    for (const chunk of decoded.chunks) {
      this.begun = true
      this.#parsed++
      this.#latest = chunk
      if (this.#sums) this.#pending.push(chunk)
      else this.#chunks.push(chunk)
    }
    this.error = decoded.error
    this.done = decoded.done
  }
}

/** By its first byte: the name of a field, or the colon of a comment. */
function isEventStream(bytes: Uint8Array): boolean {
  let at = 0
  while ((bytes[at] as number) <= SPACE) at++
  return /[:a-z]/.test(String.fromCharCode(bytes[at] ?? 0))
}
