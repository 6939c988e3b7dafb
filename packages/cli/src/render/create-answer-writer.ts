import { reasoningOf, textOf, type ChatCompletionChunk } from '@deltawire/core'
import type { Io } from '../io.ts'
import { createTextWriter, type TextWriter } from './create-text-writer.ts'
import { dimOn } from './dim.ts'

/** `show`: beside the answer, on stderr. `only`: in its place. */
export type ReasoningMode = 'hide' | 'only' | 'show'

export interface AnswerWriter {
  readonly write: (chunk: ChatCompletionChunk) => Promise<void>
  readonly end: () => Promise<void>
}

/**
 * Prints the first choice of an answer as it arrives: its text, its refusal, and its reasoning where that is wanted.
 *
 * @param answer writes the answer; as the text that it is, by default
 */
export function createAnswerWriter(
  io: Pick<Io, 'env' | 'stderr' | 'stdout'>,
  mode: ReasoningMode,
  answer: TextWriter = createTextWriter(io.stdout),
): AnswerWriter {
  const thoughts = mode === 'only' ? answer : createTextWriter(io.stderr, dimOn(io.stderr, io.env))
  let current: TextWriter | undefined

  /** Two outputs may be one terminal: the one ends its line before the other begins. */
  async function to(writer: TextWriter, text: string) {
    if (text === '') return
    if (current !== writer) await current?.end()
    current = writer
    await writer.write(text)
  }

  return {
    async write({ choices }) {
      for (const { index, delta } of choices) {
        if (index !== 0) continue
        if (mode !== 'hide') await to(thoughts, reasoningOf(delta))
        if (mode !== 'only') await to(answer, textOf(delta) + (delta.refusal ?? ''))
      }
    },
    async end() {
      await current?.end()
    },
  }
}
