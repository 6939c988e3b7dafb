import type { Run } from '../arguments/command.ts'
import { readingOptions } from '../arguments/reading-flags.ts'
import { usageError } from '../arguments/usage-error.ts'
import { exitCode, exitCodeOf } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { writeRecording } from '../recording/write-recording.ts'
import { chunkForms } from '../render/chunk-forms.ts'
import { noteWarnings, reportError } from '../report.ts'
import { foldSource } from '../source/fold-source.ts'
import { openSources, type Source } from '../source/open-source.ts'
import type { flags } from './convert.command.ts'

export const convert: Run<typeof flags> = async ({ flags, arguments: names }, io) => {
  const [source] = await openSources(names, flags, io)
  if (source === undefined) return exitCode.bug
  if (flags.to === 'recording') {
    const unused = (['choice', 'n', 'cumulative'] as const).find((name) => flags[name] ?? false)
    if (unused !== undefined) throw usageError(`--${unused} is about chunks, and a recording holds the bytes untouched`)
    return toRecording(source, io)
  }
  const form = chunkForms[flags.to](io.stdout, flags.choice)
  const fold = await foldSource(source.bytes, {
    clock: io.clock,
    ...readingOptions(flags),
    onChunk: (chunk) => form.chunk?.(chunk),
  })
  await form.end?.(fold)
  await noteWarnings(io, flags, fold.warnings)
  if (fold.error === null) return exitCode.complete
  await reportError(io, flags, fold.error, { withHint: fold.completion === null })
  return exitCodeOf(fold.error)
}

/** The bytes as they are. What is still coming gets the times at which it comes; a file has none. */
async function toRecording(source: Source, io: Io): Promise<number> {
  const startedAt = io.clock.now()
  const capture = await source.open()
  const now = source.kind === 'input' ? () => io.clock.now() - startedAt : undefined
  const broke = await writeRecording(capture, { date: io.clock.date(), now, write: io.stdout.write })
  if (io.signal.aborted) throw io.signal.reason
  return broke ? exitCode.broken : exitCode.complete
}
