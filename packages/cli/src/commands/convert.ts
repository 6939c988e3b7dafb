import {
  encodeChunk,
  encodeDone,
  encodeError,
  isStreamError,
  textOf,
  type ChatCompletion,
  type ChatCompletionChunk,
} from '@deltawire/core'
import type { Run } from '../arguments/command.ts'
import { readingOptions } from '../arguments/reading-flags.ts'
import { exitCode, exitCodeOf } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { createTextWriter } from '../render/create-text-writer.ts'
import { jsonText } from '../render/json-text.ts'
import { visibleJson } from '../render/visible.ts'
import { noteWarnings, reportError } from '../report.ts'
import { foldSource, type Fold } from '../source/fold-source.ts'
import { openSources } from '../source/open-source.ts'
import type { flags } from './convert.command.ts'

export const convert: Run<typeof flags> = async ({ flags, arguments: names }, io) => {
  const [source] = await openSources(names, flags, io)
  if (source === undefined) return exitCode.bug
  const form = forms[flags.to](io, flags.choice)
  const fold = await foldSource(source.bytes, {
    clock: io.clock,
    ...readingOptions(flags),
    async onChunk(chunk) {
      const wanted = onlyChoice(chunk, flags.choice)
      if (wanted !== undefined) await form.chunk?.(wanted)
    },
  })
  await form.end?.(fold)
  await noteWarnings(io, flags, fold.warnings)
  if (fold.error === null) return exitCode.complete
  await reportError(io, flags, fold.error, { withHint: fold.completion === null })
  return exitCodeOf(fold.error)
}

/** How a form is written: piece by piece, and what follows at the end. */
interface Form {
  chunk?(chunk: ChatCompletionChunk): Promise<void>
  end?(fold: Fold): Promise<void>
}

const forms: { [to in 'completion' | 'jsonl' | 'sse' | 'text']: (io: Io, choice: number | undefined) => Form } = {
  sse: (io) => ({
    chunk: (chunk) => io.stdout.write(visibleJson(encodeChunk(chunk))),
    async end({ error }) {
      // What the server said stays in the stream. A stream that was cut stays cut.
      if (error === null) await io.stdout.write(encodeDone())
      else if (isStreamError(error) && error.code === 'upstream_error') await io.stdout.write(encodeError(error))
    },
  }),
  jsonl: (io) => ({ chunk: (chunk) => io.stdout.write(visibleJson(`${JSON.stringify(chunk)}\n`)) }),
  text(io, choice = 0) {
    const writer = createTextWriter(io.stdout)
    return {
      async chunk(chunk) {
        for (const one of chunk.choices) if (one.index === choice) await writer.write(textOf(one.delta))
      },
      end: () => writer.end(),
    }
  },
  completion: (io, choice) => ({
    async end({ completion }) {
      if (completion !== null) await io.stdout.write(jsonText(onlyChoice(completion, choice) ?? completion, false))
    },
  }),
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
