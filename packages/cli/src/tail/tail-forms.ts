import { encodeChunk, encodeDone, textOf, type ChatCompletionChunk } from '@deltawire/core'
import type { Io } from '../io.ts'
import { createAnswerWriter } from '../render/create-answer-writer.ts'
import { visibleJson } from '../render/visible.ts'
import { lostPart } from './relay-failure.ts'

/** How one stream is printed. */
export interface TailForm {
  chunk(chunk: ChatCompletionChunk): Promise<void>
  /** What was printed is not in the stream any more: this is all of it. */
  replace(chunk: ChatCompletionChunk): Promise<void>
  /**
   * @param isWhole whether the stream has ended as it should
   * @param isLast whether no other stream follows
   */
  end(isWhole: boolean, isLast: boolean): Promise<void>
}

/** A program that reads chunks has no way to forget some. */
async function cannotForget(): Promise<never> {
  throw lostPart()
}

export const tailForms: { readonly [F in 'jsonl' | 'sse' | 'text']: (io: Io) => TailForm } = {
  text(io) {
    const writer = createAnswerWriter(io, 'hide')
    let isInLine = false
    const write = async (chunk: ChatCompletionChunk): Promise<void> => {
      await writer.write(chunk)
      const last = chunk.choices
        .map(({ index, delta }) => (index === 0 ? textOf(delta) : ''))
        .join('')
        .at(-1)
      if (last !== undefined) isInLine = last !== '\n'
    }
    /** What comes next begins on a line of its own. A terminal's line the writer has ended. */
    const endLine = async (): Promise<void> => {
      await writer.end()
      if (isInLine && !io.stdout.isTTY) await io.stdout.write('\n')
      isInLine = false
    }
    return {
      chunk: write,
      async replace(chunk) {
        await endLine()
        await write(chunk)
      },
      end: (_, isLast) => (isLast ? writer.end() : endLine()),
    }
  },
  jsonl: (io) => ({
    chunk: (chunk) => io.stdout.write(visibleJson(`${JSON.stringify(chunk)}\n`)),
    replace: cannotForget,
    async end() {},
  }),
  sse: (io) => ({
    chunk: (chunk) => io.stdout.write(visibleJson(encodeChunk(chunk))),
    replace: cannotForget,
    async end(isWhole) {
      // A stream that was cut stays cut.
      if (isWhole) await io.stdout.write(encodeDone())
    },
  }),
}
