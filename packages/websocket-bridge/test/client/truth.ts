import type { ChatCompletionChunk } from '@deltawire/core'
import { checksum } from '../../src/protocol/checksum.ts'
import type { DataFrame, EndFrame, Ending, WireChunk } from '../../src/protocol/frame.ts'
import { addWireChunk } from '../../src/protocol/receive.ts'
import { toWireChunk } from '../../src/protocol/wire-chunk.ts'

export const chunkOf = (delta: object, finish_reason: 'stop' | null = null): ChatCompletionChunk => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_767_225_600,
  model: 'demo',
  choices: [{ index: 0, delta, finish_reason }],
})

export const textChunks = (...texts: readonly string[]): ChatCompletionChunk[] =>
  texts.map((content, at) => chunkOf({ content }, at === texts.length - 1 ? 'stop' : null))

export const sumOf = (chunks: readonly WireChunk[]): WireChunk | undefined =>
  // What chunks there are, those that travel are among them.
  chunks.reduce<WireChunk | undefined>((sum, chunk) => addWireChunk(sum, chunk), undefined)

/** A stream as a server has it, which says what covers which offsets. */
export function createTruth(chunks: readonly ChatCompletionChunk[], { s = 'st_1', e = 'e1' } = {}) {
  let before: WireChunk | undefined
  const wire = chunks.map((chunk) => {
    const travels = toWireChunk(chunk, before)
    before = addWireChunk(before, travels)
    return travels
  })
  return {
    wire,
    sum: sumOf(wire) ?? {},
    data: (from: number, to: number): DataFrame => ({ t: 'd', s, e, o: to, n: to - from, c: wire.slice(from, to) }),
    /** As one chunk. */
    merged: (from: number, to: number): DataFrame => {
      const sum = sumOf(wire.slice(from, to))
      return { t: 'd', s, e, o: to, n: to - from, c: sum === undefined ? [] : [sum] }
    },
    end: (st: Ending = 'done', o = wire.length): EndFrame => ({
      t: 'end',
      s,
      e,
      o,
      st,
      h: checksum(sumOf(wire.slice(0, o))),
    }),
  }
}
