import type { ChatCompletionChunk } from '../../chunk.ts'
import { type AnyStreamError, isStreamError } from '../../error.ts'
import { limitsOf } from '../../limits.ts'
import { mergeChunk } from '../../merge/merge-chunk.ts'
import type { Warning } from '../../normalize/warning.ts'
import type { DecodeOptions, Decoded } from '../decoder.ts'
import { createFramer, type CreateSseParser, type StreamEvent } from '../frame.ts'
import { createRepeatDecoder, type RepeatDecoder } from '../repeated-events.ts'
import { Carry } from './carry.ts'
import { Lessons } from './lessons.ts'
import { PendingSum } from './pending-sum.ts'
import type { DecodeRange } from './pending-text.ts'
import { MISS } from './string-hole.ts'
import { fill, type Hole, match, type Template, valueOf } from './template.ts'

/** What core may not name: the platform's way from bytes to text, and an SSE parser. */
export interface BytePlatform {
  createSseParser: CreateSseParser
  /** A streaming, non-fatal UTF-8 decoder, as `new TextDecoder()` is. */
  createTextDecoder: () => { decode(bytes?: Uint8Array, options?: { stream?: boolean }): string }
  /** Text of a range of valid UTF-8. */
  decodeRange: DecodeRange
}

export interface ByteDecoder {
  /** Takes the next bytes, cut anywhere. They may be read until the next call, and are not changed. */
  push(bytes: Uint8Array): void
  /** Takes text, of a source that has decoded its bytes itself. Text and bytes do not mix within an event. */
  pushText(text: string): void
  /** No bytes will come any more. */
  end(): void
  /** The source has failed, for which it has its own reason: only what was held back is still given. */
  breakOff(): void
  /** The chunks since the last call. Empty when the decoder sums. */
  take(): readonly ChatCompletionChunk[]
  /** Whether there are chunks to take. */
  readonly ready: boolean
  /** The sum of all chunks so far, when the decoder sums; `undefined` before any. */
  sum(): ChatCompletionChunk | undefined
  /** Whether nothing that comes later counts. */
  readonly done: boolean
  /** Why the stream broke. */
  readonly error: AnyStreamError | undefined
  readonly warnings: readonly Warning[]
}

const LF = 10
/** Reads up to this size are mostly single events. */
const SMALL_READ = 2048
const CR = 13
/** An event that takes longer than this to end is given to the parser as it comes: it counts what it holds. */
const LONG_EVENT = 64 * 1024
/** More shapes than this do not repeat: n = 4 interleaved has four, reasoning then text has two. */
const MAX_TEMPLATES = 12

/**
 * Bytes to normalized chunks, or to their sum, at the speed of reading bytes.
 *
 * See README.md beside this file for the idea. An event that matches no template takes the slow way: the platform's
 * decoder, the SSE parser, `JSON.parse`, `normalize`. The two ways give the same, event by event.
 *
 * @param sums whether only the sum is wanted, which spares making chunks
 */
export function createByteDecoder(platform: BytePlatform, options: DecodeOptions, sums: boolean): ByteDecoder {
  exemplar ??= taught(platform)
  return new Decoder(platform, options, sums)
}

/**
 * A decoder that lives as long as the program.
 *
 * V8 throws optimized code away when a full collection finds no object of the shapes it was made for, as between two
 * streams: folding 10,000 chunks then costs 1.5 µs per chunk instead of 0.3.
 */
let exemplar: Decoder | undefined

/** A decoder that has an object of every shape. */
function taught(platform: BytePlatform): Decoder {
  const decoder = new Decoder(platform, {}, true)
  const event = (text: string): string =>
    `data: {"id":"","object":"chat.completion.chunk","created":1,"model":"","choices":[{"index":0,"delta":{"content":"${text}"},"finish_reason":null}]}\n\n`
  const bytes = Uint8Array.from('abcdefghijkl'.split('').map(event).join(''), (character) => character.charCodeAt(0))
  decoder.push(bytes)
  decoder.push(bytes.subarray(0, 10))
  return decoder
}

// A class, so that the fields of the hot path lie in one object of one shape.
class Decoder implements ByteDecoder {
  done = false
  error: AnyStreamError | undefined
  readonly #sums: boolean
  readonly #text: ReturnType<BytePlatform['createTextDecoder']>
  readonly #slow: RepeatDecoder
  readonly #framer: ReturnType<typeof createFramer>
  readonly #maxEventLength: number
  readonly #carry = new Carry()
  /** Whether the body is one that may have templates, and the parser stands between two events. */
  #plain = true
  #clean = true
  #begun = false
  #chunks: ChatCompletionChunk[] = []
  #sum: ChatCompletionChunk | undefined
  /** What the event under way brings. */
  #decoded: Decoded[] = []
  /** The latest to match first. */
  #templates: Template[] = []
  readonly #lessons: Lessons
  /** What later events are read by, as it was after the last slow event. */
  #state = ''
  /** What has matched since the last slow event, and is not in the sum yet. */
  readonly #pending = new PendingSum()
  #events = 0
  /** How many bytes may match until the slow way must be asked whether the answer is too long: it has no more characters. */
  #room = 0

  constructor(platform: BytePlatform, options: DecodeOptions, sums: boolean) {
    this.#sums = sums
    this.#text = platform.createTextDecoder()
    this.#slow = createRepeatDecoder(options)
    this.#framer = createFramer(platform.createSseParser, (event) => this.#take(event), options)
    this.#maxEventLength = limitsOf(options).maxEventLength
    this.#lessons = new Lessons(platform.decodeRange)
    // Only the slow way knows how to look back at all the text so far, and sees every repair.
    if (options.cumulative === true || options.onRepair !== undefined) this.#plain = false
  }

  get warnings(): readonly Warning[] {
    return this.#slow.warnings
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
    this.#settle()
    return this.#sum
  }

  pushText(text: string): void {
    if (this.done) return
    this.#leave()
    this.#parse(text)
  }

  push(bytes: Uint8Array): void {
    if (this.done || bytes.length === 0) return
    if (!this.#begun) this.#begin(bytes)
    if (!this.#plain) return this.#parse(this.#decode(bytes))
    let at = 0
    if (!this.#clean) {
      // Within a long event: the parser takes everything up to the next blank line.
      at = behindBlankLine(bytes, 0, bytes.length)
      this.#clean = at !== -1
      if (!this.#clean) at = bytes.length
      // What it says may change what templates stand on, as any event's may that is read slowly.
      this.#templates = []
      this.#parse(this.#decode(bytes.subarray(0, at)))
    } else if (this.#carry.length > 0 || bytes.length < SMALL_READ) at = this.#readCarried(bytes)
    if (at === bytes.length || this.done) return
    const rest = this.#read(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at, bytes.length)
    if (rest === bytes.length || this.done) return
    this.#carry.append(bytes, rest, bytes.length)
    this.#wait()
  }

  /** Completes the event that was cut, and gives how many bytes it took: all of a small read, which a copy is cheaper for. */
  #readCarried(bytes: Uint8Array): number {
    const carry = this.#carry
    const { length } = bytes
    let at = 0
    do {
      let line = length < SMALL_READ ? length : bytes.indexOf(LF, at) + 1 || length
      // Mostly the blank line comes with the line before.
      if (bytes[line] === LF) line++
      carry.append(bytes, at, line)
      at = line
      // Without an end of a line no event ends.
      if (bytes[at - 1] === LF || (length < SMALL_READ && bytes.includes(LF)))
        carry.drop(this.#read(carry.bytes, carry.view, 0, carry.length))
    } while (at < length && carry.length > 0 && !this.done)
    if (carry.length > 0 && !this.done) this.#wait()
    return at
  }

  end(): void {
    if (this.done) return
    this.#leave()
    this.#settle()
    this.#parse(this.#text.decode())
    if (!this.done) this.#guarded(() => this.#framer.end())
    if (!this.done) this.#deliver(this.#slow.end())
    this.done = true
  }

  breakOff(): void {
    if (this.done) return
    this.#settle()
    this.#deliver({ chunks: this.#slow.end().chunks, done: true })
  }

  /** What the body is, by its first byte: only an event stream has templates. */
  #begin(bytes: Uint8Array): void {
    this.#begun = true
    const first = bytes.find((byte) => byte > 32)
    // A brace, a bracket or a tag; a byte order mark or other text before the first field.
    if (first === undefined || first === 0x7b || first === 0x5b || first === 0x3c || first >= 128) this.#plain = false
  }

  /** Gives up the fast way: what was carried goes to the parser, which sees everything from now on. */
  #leave(): void {
    this.#plain = false
    this.#begun = true
    this.#release()
  }

  #release(): void {
    if (this.#carry.length === 0) return
    const { bytes, length } = this.#carry
    this.#carry.length = 0
    this.#parse(this.#decode(bytes.subarray(0, length)))
  }

  /** Sees to an event that has not ended: one that is long, or in a stream whose lines end with CR alone. */
  #wait(): void {
    if (this.#carry.hasLoneCr()) return this.#leave()
    if (this.#carry.length < LONG_EVENT) return
    this.#clean = false
    this.#release()
  }

  /** Reads whole events, and gives the position behind the last one. */
  #read(bytes: Uint8Array, view: DataView, from: number, end: number): number {
    let at = from
    while (at < end && !this.done) {
      if (bytes[at] === LF) {
        // A blank line between events, of servers that send two.
        at++
        continue
      }
      let behind = this.#match(bytes, view, at, end)
      if (behind < 0) {
        behind = behindBlankLine(bytes, at, end)
        if (behind === -1) return at
        // Where nothing can match and nothing is to be learnt, events need not be told apart: eight of them cost 67 µs
        // in one go and 74 one by one.
        while (this.#templates.length === 0 && this.#lessons.wait > 1) {
          const next = behindBlankLine(bytes, behind, end)
          if (next === -1) break
          this.#lessons.wait--
          behind = next
        }
        this.#readSlowly(bytes, at, behind)
      }
      at = behind
    }
    return at
  }

  /** Tries the templates on one event, and goes on with the one that matches. */
  #match(bytes: Uint8Array, view: DataView, from: number, end: number): number {
    const templates = this.#templates
    for (let i = 0; i < templates.length; i++) {
      const template = templates[i] as Template
      let at = from
      let behind = match(template, bytes, view, at, end)
      if (behind === MISS) continue
      if (!this.#accepts(template, behind - at)) return MISS
      if (this.#sums && this.#pending.collides(template)) {
        this.#settle()
        behind = match(template, bytes, view, at, end)
      }
      // The one that matched is tried first next time.
      templates[i] = templates[0] as Template
      templates[0] = template
      do {
        this.#lessons.matches++
        this.#commit(template)
        at = behind
        behind = match(template, bytes, view, at, end)
      } while (behind !== MISS && this.#accepts(template, behind - at))
      return at
    }
    return MISS
  }

  /** Limits, and argument text that the slow way looks at more closely: none, or what may be an echo. */
  #accepts({ weight, call }: Template, length: number): boolean {
    this.#room -= weight + length
    if (this.#room < 0 || length > this.#maxEventLength) return false
    if (call === undefined) return true
    const { bytes, length: from, end } = call
    return end > from && !(bytes[from] === 0x7b && bytes[end - 1] === 0x7d)
  }

  #commit(template: Template): void {
    this.#events++
    if (this.#sums) this.#pending.add(template)
    else {
      this.#pending.length += template.weight
      this.#chunks.push(fill(template, this.#valueIn))
    }
  }

  /** What a hole adds to a chunk, of which the slow way is told. */
  readonly #valueIn = (hole: Hole): unknown => {
    const value = valueOf(hole)
    if (typeof value === 'string') this.#pending.length += value.length
    const { call } = hole
    if (call !== undefined) this.#slow.repeated.append(call.choice, call.index, value as string)
    return value
  }

  /** Brings everything that has matched into the sum, and tells the slow way of it. */
  #settle(): void {
    if (this.#events === 0) return
    const chunks = this.#pending.take(this.#events, this.#slow.repeated)
    this.#events = 0
    for (const chunk of chunks) this.#sum = mergeChunk(this.#sum, chunk)
  }

  /** One event by the slow way; then a look at what can be learnt from it. */
  #readSlowly(bytes: Uint8Array, from: number, to: number): void {
    this.#decoded = []
    this.#parse(this.#decode(bytes.subarray(from, to)))
    if (this.done) return
    const { state } = this.#slow.repeated
    if (state !== this.#state) {
      // What the templates stand on has changed: an identity, a new call, an end.
      this.#templates = []
      this.#state = state
    } else this.#learn(bytes, from, to)
    this.#room = this.#slow.repeated.room
  }

  #learn(bytes: Uint8Array, from: number, to: number): void {
    const [decoded, ...more] = this.#decoded
    const [chunk, ...others] = decoded?.chunks ?? []
    if (chunk === undefined || more.length > 0 || others.length > 0) return
    const template = this.#lessons.take(bytes.subarray(from, to), chunk, this.#templates)
    if (template === undefined) return
    this.#templates.unshift(template)
    if (this.#templates.length > MAX_TEMPLATES) this.#templates.pop()
  }

  #decode(bytes: Uint8Array): string {
    return this.#text.decode(bytes, { stream: true })
  }

  #parse(text: string): void {
    if (text === '') return
    this.#settle()
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
    this.#decoded.push(decoded)
    for (const chunk of decoded.chunks) {
      if (this.#sums) this.#sum = mergeChunk(this.#sum, chunk)
      else this.#chunks.push(chunk)
    }
    this.error = decoded.error
    this.done = decoded.done
  }
}

/** The position behind the first blank line that ends with LF, or -1. */
function behindBlankLine(bytes: Uint8Array, from: number, end: number): number {
  for (let at = bytes.indexOf(LF, from); at !== -1 && at < end; at = bytes.indexOf(LF, at + 1)) {
    const next = bytes[at + 1] === CR ? at + 2 : at + 1
    if (next < end && bytes[next] === LF) return next + 1
  }
  return -1
}
