import { type ChatCompletionChunk, mergeChunk, toChatCompletion } from '@deltawire/core'
import type { Position } from '../../src/protocol/position.ts'
import type { WireChunk } from '../../src/protocol/frame.ts'
import { restoreChunk } from '../../src/protocol/wire-chunk.ts'

/** Something that must never be. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

/**
 * Knows what every stream is at every position, from the chunks as their source gave them.
 *
 * It has its own fold and its own order of keys: nothing that is judged is used to judge it.
 */
export interface Judge {
  /** The source gave a chunk. */
  add(chunk: ChatCompletionChunk): void
  /** A new life: it has the first `at` chunks of the one before. */
  fork(epoch: string, at: number): void
  /** I2: what a reader has at a position is what the stream was there. @throws Violation */
  check(position: Position, sum: WireChunk | undefined): void
  /** I1: what a reader has at the end is the stream. @throws Violation */
  checkEnd(position: Position | undefined, sum: WireChunk | undefined): void
  readonly chunks: readonly ChatCompletionChunk[]
}

interface Life {
  readonly chunks: ChatCompletionChunk[]
  /** What it is at each offset, as far as somebody asked, and the sum at the last of them. */
  readonly texts: string[]
  sum: ChatCompletionChunk | undefined
}

const lifeOf = (chunks: ChatCompletionChunk[]): Life => ({ chunks, texts: [], sum: undefined })

export function createJudge(epoch: string): Judge {
  const lives = new Map<string, Life>()
  let current = lifeOf([])
  let name = epoch
  lives.set(epoch, current)

  function truth(life: Life, offset: number): string {
    for (let at = life.texts.length; at <= offset; at++) {
      const chunk = life.chunks[at - 1]
      if (chunk !== undefined) life.sum = mergeChunk(life.sum, structuredClone(chunk))
      life.texts.push(textOf(life.sum))
    }
    return life.texts[offset] ?? ''
  }

  function check({ e, o }: Position, sum: WireChunk | undefined): void {
    const life = lives.get(e)
    if (life === undefined || o > life.chunks.length) throw new Violation(`there is no position ${e}.${o}`)
    const have = textOf(sum && restoreChunk(sum, sum))
    if (have !== truth(life, o)) throw new Violation(`at ${e}.${o}: ${have} in the place of ${truth(life, o)}`)
  }

  return {
    add: (chunk) => void current.chunks.push(chunk),
    fork(next, at) {
      current = lifeOf(current.chunks.slice(0, at))
      name = next
      lives.set(next, current)
    },
    check,
    checkEnd(position, sum) {
      check({ e: name, o: current.chunks.length }, sum)
      if ((position?.o ?? 0) !== current.chunks.length) throw new Violation('ended elsewhere than at the end')
    },
    get chunks() {
      return current.chunks
    },
  }
}

function textOf(sum: ChatCompletionChunk | undefined): string {
  return sum === undefined ? '' : JSON.stringify(toChatCompletion(sum), sortKeys)
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
