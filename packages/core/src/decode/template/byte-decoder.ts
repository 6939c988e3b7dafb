import type { ChatCompletionChunk } from '../../chunk.ts'
import { type AnyStreamError, isStreamError } from '../../error.ts'
import { LINE_FEED, SPACE } from '../../json-characters.ts'
import { limitsOf } from '../../limits.ts'
import { mergeChunk } from '../../merge/merge-chunk.ts'
import type { Warning } from '../../normalize/warning.ts'
import { createDecoder, type DecodeOptions, type Decoded } from '../decoder.ts'
import { createFramer, type StreamEvent } from '../frame.ts'
import { readBy } from '../read-by.ts'
import type { ByteDecoder, BytePlatform } from './byte-platform.ts'
import { behindBlankLine, behindLastBlankLine, Carry, type ReadEvents } from './carry.ts'
import { Lessons } from './lessons.ts'
import { PendingSum } from './pending-sum.ts'
import { MISS } from './miss.ts'
import { match, type Template } from './template.ts'

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
  readonly #maxEventLength: number
  readonly #carry = new Carry()
  /** Whether the body is one that may have templates, once it has begun; the parser then stands between two events. */
  #plain: boolean | undefined
  #chunks: ChatCompletionChunk[] = []
  #sum: ChatCompletionChunk | undefined
  /** How many chunks have taken the slow way, and the latest. */
  #parsed = 0
  #latest: ChatCompletionChunk | undefined
  /** The latest to match first. */
  #templates: Template[] = []
  readonly #lessons: Lessons
  /** What later events are read by, as it was after the last slow event. */
  #state = ''
  /** What has matched since the last slow event, and is not in the sum yet. */
  readonly #pending: PendingSum
  /** How many bytes may match until the slow way must be asked whether the answer is too long: it has no more characters. */
  #room = 0

  constructor(platform: BytePlatform, options: DecodeOptions, sums: boolean) {
    this.#sums = sums
    this.#text = platform.createTextDecoder()
    this.#slow = createDecoder(options)
    this.warnings = this.#slow.warnings
    this.#framer = createFramer(platform.createSseParser, (event) => this.#take(event), options)
    const { maxEventLength, maxJsonDepth } = limitsOf(options)
    this.#maxEventLength = maxEventLength
    this.#lessons = new Lessons({ decode: platform.decodeRange, maxJsonDepth, weigh: this.#slow.stream.weigh })
    this.#pending = new PendingSum(this.#slow.stream)
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
    this.#plain ??= isEventStream(bytes)
    if (!this.#plain) return this.#parse(this.#decode(bytes))
    if (!this.#carry.push(bytes, this.#read) && !this.done) this.#leave()
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

  /** Gives up the fast way: what was carried goes to the parser, which sees everything from now on. */
  #leave(): void {
    this.#plain = false
    this.#parse(this.#decode(this.#carry.take()))
  }

  /** Reads whole events, and gives the position behind the last one. */
  readonly #read: ReadEvents = (bytes, view, from, end) => {
    let at = from
    while (at < end && !this.done) {
      if (bytes[at] === LINE_FEED) {
        // A blank line between events, of servers that send two.
        at++
        continue
      }
      let behind = this.#match(bytes, view, at, end)
      if (behind < 0) {
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
      let matches = 0
      do {
        matches++
        if (this.#sums) this.#pending.add(template)
        else this.#chunks.push(this.#pending.chunkOf(template))
        at = behind
        behind = match(template, bytes, view, at, end)
      } while (behind !== MISS && this.#accepts(template, behind - at))
      this.#pending.count(template, matches)
      this.#lessons.matches += matches
      return at
    }
    return MISS
  }

  /** Limits, and argument text that the slow way looks at more closely: none, or what may be an echo. */
  #accepts({ weight, call }: Template, length: number): boolean {
    this.#room -= weight + length
    if (this.#room < 0 || length > this.#maxEventLength) return false
    if (call === undefined) return true
    return call.end > call.length && !call.mayBeObject()
  }

  /** Brings everything that has matched into the sum, and tells the slow way of it. */
  #settle(): void {
    for (const chunk of this.#pending.take()) this.#sum = mergeChunk(this.#sum, chunk)
  }

  /** One event by the slow way; then a look at what can be learnt from it. */
  #readSlowly(bytes: Uint8Array, from: number, to: number, teaches: boolean): void {
    this.#parsed = 0
    const event = bytes.subarray(from, to)
    const text = this.#decode(event)
    this.#parse(text)
    if (this.done || (!teaches && this.#templates.length === 0)) return
    const { stream } = this.#slow
    const state = readBy(stream)
    if (state !== this.#state) {
      // What the templates stand on has changed: an identity, a new call, an end.
      this.#templates = []
      this.#state = state
    } else if (teaches && this.#parsed === 1 && this.#latest !== undefined) {
      const template = this.#lessons.take(event, text, this.#latest, this.#templates)
      if (template !== undefined) this.#templates = [template, ...this.#templates].slice(0, MAX_TEMPLATES)
    }
    // Only a lesson needs it, and it would be 0.9 KB of every stream that waits.
    this.#latest = undefined
    this.#room = stream.room
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
    for (const chunk of decoded.chunks) {
      this.begun = true
      this.#parsed++
      this.#latest = chunk
      if (this.#sums) this.#sum = mergeChunk(this.#sum, chunk)
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
