import {
  createAccumulator,
  textOf,
  toolCallsOf,
  type ChatCompletion,
  type ChatCompletionChoice,
  type ChatCompletionChunk,
} from '@deltawire/core'
import type { FlagValues, Run } from '../arguments/command.ts'
import { readingOptions } from '../arguments/reading-flags.ts'
import { usageError } from '../arguments/usage-error.ts'
import { CliError } from '../cli-error.ts'
import { exitCode, exitCodeOf } from '../exit-code.ts'
import { fileOutput } from '../file-output.ts'
import { Interrupted, OutputClosed, type Io, type Output } from '../io.ts'
import { createTextWriter } from '../render/create-text-writer.ts'
import { figuresLine } from '../render/figures.ts'
import { jsonText } from '../render/json-text.ts'
import { note, noteInterrupt, noteWarnings, reportError } from '../report.ts'
import { foldSource, type Fold } from '../source/fold-source.ts'
import { openSources, type Source } from '../source/open-source.ts'
import type { flags } from './merge.command.ts'

type Flags = FlagValues<typeof flags>

export const merge: Run<typeof flags> = async ({ flags, arguments: names }, io) => {
  if (flags.all && !flags.text && !flags['tool-calls'])
    throw usageError('--all belongs to --text or --tool-calls: a completion has every choice')
  const sources = await openSources(names, flags, io)
  const output = flags.output === undefined ? io.stdout : await fileOutput(flags.output)
  const isAlone = sources.length === 1
  let code: number = exitCode.complete
  for (const source of sources) {
    const progress = flags.progressive ? createProgress(flags, output) : undefined
    const fold = await foldSource(source.bytes, { clock: io.clock, ...readingOptions(flags), onChunk: progress })
    const isRead = progress !== undefined || (await reaches(writeFold(fold, flags, output, isAlone)))
    const own = await judge(fold, flags, isAlone ? undefined : source, io)
    code ||= own
    if (!isRead || io.signal.aborted) break
  }
  if (flags.output !== undefined) await output.flush()
  return code
}

/** Whether the reader of our output is still there. If not, a broken stream is one all the same. */
async function reaches(writing: Promise<void>): Promise<boolean> {
  try {
    await writing
    return true
  } catch (error) {
    if (error instanceof OutputClosed) return false
    throw error
  }
}

async function writeFold({ completion }: Fold, flags: Flags, output: Output, isAlone: boolean): Promise<void> {
  if (completion === null) {
    // One line per source: the lines of the others stay where they belong.
    if (!isAlone) await output.write('null\n')
    return
  }
  const wanted = pick(completion, flags)
  if (typeof wanted === 'string' && isAlone) {
    const writer = createTextWriter(output)
    await writer.write(wanted)
    await writer.end()
  } else {
    await output.write(jsonText(wanted, flags.compact || !isAlone))
  }
}

/** Writes what there is so far after every chunk. Of a choice that has not begun there is nothing yet. */
function createProgress(flags: Flags, output: Output) {
  const answer = createAccumulator()
  return async (chunk: ChatCompletionChunk): Promise<void> => {
    answer.push(chunk)
    const completion = answer.completion()
    const has = completion?.choices.some(({ index }) => flags.choice === undefined || index === flags.choice)
    await output.write(jsonText(completion === null || has !== true ? null : pick(completion, flags), true))
  }
}

/** The part of the completion that the flags ask for. */
function pick(completion: ChatCompletion, flags: Flags): unknown {
  if (flags.usage) return completion.usage ?? null
  const part = partOf(flags)
  if (part !== undefined)
    return flags.all ? completion.choices.map((choice) => part(choice)) : part(choiceOf(completion, flags.choice))
  return flags.choice === undefined ? completion : { ...completion, choices: [choiceOf(completion, flags.choice)] }
}

/** What of a choice is asked for, when it is not all of it. */
function partOf(flags: Flags): ((choice: ChatCompletionChoice) => unknown) | undefined {
  if (flags.text) return textOf
  return flags['tool-calls'] ? toolCallsOf : undefined
}

function choiceOf({ choices }: ChatCompletion, index: number | undefined): ChatCompletionChoice {
  const choice = index === undefined ? choices[0] : choices.find((one) => one.index === index)
  if (choice !== undefined) return choice
  const known = choices.map((one) => one.index).join(', ')
  throw new CliError(exitCode.unacceptable, `there is no choice ${index ?? 0}`, `the stream has choice ${known}`)
}

/** Says on stderr how the stream was, and returns the exit code for it. */
async function judge(fold: Fold, flags: Flags, source: Source | undefined, io: Io): Promise<number> {
  const { completion, warnings, error, figures } = fold
  const prefix = source === undefined ? '' : `${source.name}: `
  await noteWarnings(io, flags, warnings, prefix)
  const unfinished = (completion?.choices ?? []).filter((choice) => choice.finish_reason === null)
  if (error === null) {
    for (const { index } of unfinished) await note(io, flags, `${prefix}choice ${index} ended without a finish reason`)
  }
  const others = completion?.choices.length ?? 0
  if (others > 1 && flags.choice === undefined && !flags.all && partOf(flags) !== undefined) {
    await note(io, flags, `${prefix}this is the first of ${others} choices; --choice N takes another, --all every one`)
  }
  if (flags.stats) await io.stderr.write(`${prefix}${figuresLine(figures, completion?.usage)}\n`)
  if (error instanceof Interrupted) await noteInterrupt(io, flags, error, completion !== null)
  if (error !== null) {
    await reportError(io, flags, error, { prefix, withHint: completion === null })
    return exitCodeOf(error)
  }
  const isDoubtful = unfinished.length > 0 || warnings.length > 0
  if (!flags.strict || !isDoubtful) return exitCode.complete
  await io.stderr.write(`error: ${prefix}the stream is not as it should be, and --strict was asked for\n`)
  return exitCode.broken
}
