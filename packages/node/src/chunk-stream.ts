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

/**
 * A stream of chunks over a reader of bytes.
 *
 * Nothing is opened before the first chunk is asked for. It behaves as an async generator would, and is none: a chunk that
 * is ready costs one resolved promise.
 */
export class ByteChunkStream implements ChunkStream {
  readonly #open: () => Promise<ByteReader>
  readonly #options: DecodeOptions
  #decoder: ByteDecoder | undefined
  #reader: ByteReader | undefined
  #ready: readonly ChatCompletionChunk[] = []
  #at = 0
  #pieces = 0
  #failure: { reason: unknown } | undefined
  #over = false
  #begun = false
  /** The last call that has not been answered: calls are answered in order. */
  #last: Promise<unknown> | undefined

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
    if (this.#last === undefined && this.#at < this.#ready.length) return Promise.resolve(this.#shift())
    return this.#inTurn(() => this.#next())
  }

  return(): Promise<Result> {
    return this.#inTurn(async () => {
      await this.#close()
      return END
    })
  }

  throw(reason: unknown): Promise<Result> {
    return this.#inTurn(async () => {
      await this.#close()
      throw reason
    })
  }

  async fold(): Promise<Folded> {
    let sum: ChatCompletionChunk | undefined
    try {
      if (this.#decoder !== undefined || this.#over) {
        // Somebody has begun to take chunks: the rest of them is summed.
        for await (const chunk of this) sum = mergeChunk(sum, chunk)
        return { sum, failure: undefined }
      }
      const decoder = await this.#begin(true)
      await this.#readOn(decoder, this.#reader as ByteReader, () => {
        if (!this.#begun && decoder.sum() !== undefined) this.#tellBegun()
        return false
      })
      return { sum: decoder.sum(), failure: this.#failure }
    } catch (reason) {
      return { sum: this.#decoder?.sum() ?? sum, failure: { reason } }
    }
  }

  #shift(): Result {
    return { done: false, value: this.#ready[this.#at++] as ChatCompletionChunk }
  }

  #inTurn(answer: () => Promise<Result>): Promise<Result> {
    const turn: Promise<Result> = this.#last === undefined ? answer() : this.#last.then(answer, answer)
    this.#last = turn
    const done = (): void => {
      if (this.#last === turn) this.#last = undefined
    }
    turn.then(done, done)
    return turn
  }

  async #next(): Promise<Result> {
    for (;;) {
      if (this.#at < this.#ready.length) return this.#shift()
      if (this.#over) {
        const failure = this.#failure
        this.#failure = undefined
        if (failure !== undefined) throw failure.reason
        return END
      }
      const decoder = this.#decoder ?? (await this.#begin(false))
      await this.#readOn(decoder, this.#reader as ByteReader, () => decoder.ready)
      this.#ready = decoder.take()
      this.#at = 0
      if (!this.#begun && this.#ready.length > 0) this.#tellBegun()
    }
  }

  #tellBegun(): void {
    this.#begun = true
    this.#reader?.begun?.()
  }

  async #begin(sums: boolean): Promise<ByteDecoder> {
    this.#decoder = createByteDecoder(bytePlatform(this.#options), this.#options, sums)
    try {
      this.#reader = await this.#open()
    } catch (reason) {
      this.#over = true
      throw reason
    }
    return this.#decoder
  }

  /** Reads until there is something to give, or the source ends. */
  async #readOn(decoder: ByteDecoder, reader: ByteReader, enough: () => boolean): Promise<void> {
    let piece: Piece
    do {
      try {
        // One promise per piece and no other: reading costs as much as decoding does.
        piece = await reader.read()
      } catch (reason) {
        this.#failure = { reason: streamErrorFromNode(reason, this.#pieces) }
        decoder.breakOff()
        this.#over = true
        return
      }
      this.#decode(decoder, piece)
    } while (!this.#over && !enough())
    // What the answer has come to stands, however its source takes the end.
    if (this.#over && piece.done !== true) await reader.close(this.#failure === undefined).catch(() => {})
  }

  #decode(decoder: ByteDecoder, { done, value }: Piece): void {
    try {
      if (done === true) decoder.end()
      else if (value !== undefined) {
        this.#pieces++
        if (typeof value === 'string') decoder.pushText(value)
        else decoder.push(value)
      }
      if (decoder.error !== undefined) this.#failure = { reason: decoder.error }
      this.#over = decoder.done
    } catch (reason) {
      this.#failure = { reason }
      this.#over = true
    }
  }

  async #close(): Promise<void> {
    const begun = this.#reader
    const over = this.#over
    this.#over = true
    this.#ready = []
    this.#at = 0
    this.#failure = undefined
    if (!over) await begun?.close()
  }
}
