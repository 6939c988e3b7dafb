import {
  type ChatCompletionChunk,
  type ChunkStream,
  type DecodeOptions,
  type Folded,
  mergeChunk,
  type Warning,
} from '@deltawire/core'
import { type ByteDecoder, createByteDecoder } from '@deltawire/core/bytes'
import type { ByteReader, Piece } from './byte-reader.ts'
import { bytePlatform } from './byte-platform.ts'
import { streamErrorFromNode } from './stream-error-from-node.ts'

type Result = IteratorResult<ChatCompletionChunk, undefined>

const END: Result = { done: true, value: undefined }

const NO_CHUNKS: readonly ChatCompletionChunk[] = []

/**
 * A stream of chunks over a reader of bytes.
 *
 * Nothing is opened before the first chunk is asked for. It behaves as an async generator would, and is none: a chunk that
 * is ready costs one resolved promise.
 */
export class ByteChunkStream implements ChunkStream {
  /** Forgotten once it was called: it holds the `Response`. */
  #open: (() => Promise<ByteReader>) | undefined
  readonly #options: DecodeOptions
  #decoder: ByteDecoder | undefined
  #reader: ByteReader | undefined
  #ready = NO_CHUNKS
  #at = 0
  #pieces = 0
  #failure: { reason: unknown } | undefined
  #over = false
  #begun = false
  /** The calls that have not been answered, and the last of them: they are answered in order. */
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(open: () => Promise<ByteReader>, options: DecodeOptions) {
    this.#open = open
    this.#options = options
  }

  get warnings(): readonly Warning[] {
    return this.#decoder?.warnings ?? []
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Result> {
    if (this.#waiting === 0 && this.#at < this.#ready.length) return Promise.resolve(this.#shift())
    return this.#inTurn(() => this.#read())
  }

  return(): Promise<Result> {
    return this.#inTurn(() => this.#close())
  }

  throw(reason: unknown): Promise<Result> {
    return this.#inTurn(async () => {
      await this.#close()
      throw reason
    })
  }

  fold(): Promise<Folded> {
    if (this.#decoder === undefined && !this.#over) return this.#inTurn(() => this.#foldAll())
    return this.#foldRest()
  }

  /** Somebody has begun to take chunks: the rest of them is summed. */
  async #foldRest(): Promise<Folded> {
    let sum: ChatCompletionChunk | undefined
    let failure: Folded['failure']
    try {
      for await (const chunk of this) sum = mergeChunk(sum, chunk)
    } catch (reason) {
      failure = { reason }
    }
    return { sum: sum ?? this.#decoder?.sum(), failure }
  }

  #shift(): Result {
    return { done: false, value: this.#ready[this.#at++] as ChatCompletionChunk }
  }

  /** `answer` counts itself as answered, which costs less than a look at its promise would. */
  #inTurn<T>(answer: () => Promise<T>): Promise<T> {
    const answered = this.#waiting++ === 0 ? answer() : this.#last.then(answer, answer)
    this.#last = answered
    return answered
  }

  /** Reads until there is a chunk to give. */
  async #read(): Promise<Result> {
    try {
      while (this.#at === this.#ready.length) {
        if (this.#over) return this.#ended()
        const decoder = this.#decoder ?? (await this.#begin(false))
        const reader = this.#reader as ByteReader
        let piece: Piece | undefined
        try {
          // One promise per piece and no other: reading costs as much as decoding does.
          piece = await reader.read()
        } catch (reason) {
          this.#breakOff(decoder, reason)
        }
        if (piece !== undefined) this.#decode(decoder, piece)
        if (decoder.ready) {
          this.#ready = decoder.take()
          this.#at = 0
        }
        if (this.#over && piece !== undefined) await this.#leave(reader, piece)
      }
      return this.#shift()
    } finally {
      this.#waiting--
    }
  }

  /** Reads to the end, for the sum. A loop of its own: up to 5 % less per piece. */
  async #foldAll(): Promise<Folded> {
    try {
      if (this.#over) return this.#folded()
      const decoder = await this.#begin(true)
      const reader = this.#reader as ByteReader
      let piece: Piece | undefined
      try {
        do {
          piece = undefined
          piece = await reader.read()
          this.#decode(decoder, piece)
        } while (!this.#over)
      } catch (reason) {
        this.#breakOff(decoder, reason)
      }
      if (piece !== undefined) await this.#leave(reader, piece)
    } catch (reason) {
      this.#failure = { reason }
    } finally {
      this.#waiting--
    }
    return this.#folded()
  }

  /** The source has failed. */
  #breakOff(decoder: ByteDecoder, reason: unknown): void {
    this.#failure = { reason: streamErrorFromNode(reason, this.#pieces) }
    decoder.breakOff()
    this.#over = true
  }

  /** What the answer has come to stands, however its source takes the end. */
  async #leave(reader: ByteReader, last: Piece): Promise<void> {
    if (last.done !== true) await reader.close(this.#failure === undefined).catch(() => {})
  }

  #ended(): Result {
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure.reason
    return END
  }

  #folded(): Folded {
    const failure = this.#failure
    this.#failure = undefined
    return { sum: this.#decoder?.sum(), failure }
  }

  #tellBegun(): void {
    this.#begun = true
    this.#reader?.begun?.()
  }

  async #begin(sums: boolean): Promise<ByteDecoder> {
    this.#decoder = createByteDecoder(bytePlatform(this.#options), this.#options, sums)
    const open = this.#open as () => Promise<ByteReader>
    this.#open = undefined
    try {
      this.#reader = await open()
    } catch (reason) {
      this.#over = true
      throw reason
    }
    return this.#decoder
  }

  #decode(decoder: ByteDecoder, { done, value }: Piece): void {
    try {
      if (done === true) decoder.end()
      else if (value !== undefined) {
        this.#pieces++
        if (typeof value === 'string') decoder.pushText(value)
        else decoder.push(value)
      }
      if (!this.#begun && decoder.begun) this.#tellBegun()
      if (decoder.error !== undefined) this.#failure = { reason: decoder.error }
      this.#over = decoder.done
    } catch (reason) {
      this.#failure = { reason }
      this.#over = true
    }
  }

  async #close(): Promise<Result> {
    try {
      const begun = this.#reader
      const over = this.#over
      this.#over = true
      this.#ready = NO_CHUNKS
      this.#at = 0
      this.#failure = undefined
      if (!over) await begun?.close()
      return END
    } finally {
      this.#waiting--
    }
  }
}
