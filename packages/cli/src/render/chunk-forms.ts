import {
  encodeChunk,
  encodeDone,
  encodeError,
  isStreamError,
  textOf,
  type ChatCompletion,
  type ChatCompletionChunk,
} from '@deltawire/core'
import type { Output } from '../io.ts'
import type { Fold } from '../source/fold-source.ts'
import { createTextWriter } from './create-text-writer.ts'
import { jsonText } from './json-text.ts'
import { visibleJson } from './visible.ts'

/** How chunks are written: one by one, and what follows at the end. */
export interface ChunkForm {
  chunk?(chunk: ChatCompletionChunk): Promise<void>
  end?(fold: Pick<Fold, 'completion' | 'error'>): Promise<void>
}

export type ChunkFormName = 'completion' | 'cumulative' | 'jsonl' | 'sse' | 'text'

/** The forms. `choice`: only the one with this index. */
export const chunkForms: {
  readonly [N in ChunkFormName]: (output: Output, choice?: number) => ChunkForm
} = {
  sse: (output, choice) => ({
    async chunk(chunk) {
      const wanted = onlyChoice(chunk, choice)
      if (wanted !== undefined) await output.write(visibleJson(encodeChunk(wanted)))
    },
    end: ({ error }) => endEvents(output, error),
  }),
  cumulative(output, choice) {
    const repeat = createRepeater()
    const form = chunkForms.sse(output, choice)
    return { ...form, chunk: (chunk) => form.chunk?.(repeat(chunk)) ?? Promise.resolve() }
  },
  jsonl: (output, choice) => ({
    async chunk(chunk) {
      const wanted = onlyChoice(chunk, choice)
      if (wanted !== undefined) await output.write(visibleJson(`${JSON.stringify(wanted)}\n`))
    },
  }),
  text(output, choice = 0) {
    const writer = createTextWriter(output)
    return {
      async chunk(chunk) {
        for (const one of chunk.choices) if (one.index === choice) await writer.write(textOf(one.delta))
      },
      end: () => writer.end(),
    }
  },
  completion: (output, choice) => ({
    async end({ completion }) {
      if (completion !== null) await output.write(jsonText(onlyChoice(completion, choice) ?? completion, false))
    },
  }),
}

const repeatedFields = ['content', 'refusal', 'reasoning', 'reasoning_content'] as const

/** Makes every delta repeat the text before it, as some providers do. */
function createRepeater() {
  const texts = new Map<string, string>()
  return (chunk: ChatCompletionChunk): ChatCompletionChunk => ({
    ...chunk,
    choices: chunk.choices.map((choice) => {
      const delta = { ...choice.delta }
      for (const field of repeatedFields) {
        const text = delta[field]
        if (typeof text !== 'string') continue
        const key = `${choice.index}.${field}`
        texts.set(key, (texts.get(key) ?? '') + text)
        delta[field] = texts.get(key) ?? ''
      }
      return { ...choice, delta }
    }),
  })
}

/** What the server said stays in the stream. A stream that was cut stays cut. */
async function endEvents(output: Output, error: Fold['error']): Promise<void> {
  if (error === null) await output.write(encodeDone())
  else if (isStreamError(error) && error.code === 'upstream_error') await output.write(visibleJson(encodeError(error)))
}

/** The chunk or completion with one of its choices; nothing when it only has others. */
function onlyChoice<T extends ChatCompletion | ChatCompletionChunk>(
  whole: T,
  index: number | undefined,
): T | undefined {
  if (index === undefined || whole.choices.length === 0) return whole
  const choices = whole.choices.filter((choice) => choice.index === index)
  return choices.length === 0 ? undefined : { ...whole, choices }
}
