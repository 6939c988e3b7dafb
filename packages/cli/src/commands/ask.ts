import { reasoningOf, textOf, toolCallsOf, type ChatCompletion, type ChatCompletionChunk } from '@deltawire/core'
import { readChunks, streamChatCompletion } from '@deltawire/node'
import { CliError } from '../cli-error.ts'
import { endpointOf } from '../endpoint.ts'
import { exitCode, exitCodeOf, exitCodeOfAnswer } from '../exit-code.ts'
import { Interrupted, type Io } from '../io.ts'
import { createAnswerWriter, type ReasoningMode } from '../render/create-answer-writer.ts'
import { figuresLine } from '../render/figures.ts'
import { visibleJson } from '../render/visible.ts'
import { note, noteInterrupt, reportError, sentenceOf, withoutKey } from '../report.ts'
import type { Run } from '../run.ts'
import { abortable } from '../source/abortable.ts'
import { foldChunks, type Fold } from '../source/fold-source.ts'
import { openSource } from '../source/open-source.ts'
import { promptOf } from '../source/prompt.ts'

type Flags = Parameters<Run<'ask'>>[0]['flags']

export const ask: Run<'ask'> = async ({ flags, arguments: words }, io) => {
  const model = flags.model ?? io.env.DELTAWIRE_MODEL ?? ''
  // Looked at before standard input is read: a prompt is not worth writing for an endpoint that is not there.
  const open = await opener(model, flags, io)
  const prompt = await promptOf(words, flags, io)
  const answer = flags.json || flags.jsonl ? createJsonAnswer(flags, io) : createTextAnswer(flags, io)
  const system = flags.system === undefined ? [] : [{ role: 'system' as const, content: flags.system }]
  const chunks = open({ model, messages: [...system, { role: 'user', content: prompt }] })
  const fold = await foldChunks(chunks, { clock: io.clock, onChunk: answer.chunk })
  await answer.end(fold)
  if (flags.usage) await io.stderr.write(`${figuresLine(fold.figures, fold.completion?.usage)}\n`)
  return judge(fold, flags, io)
}

type Request = Parameters<typeof streamChatCompletion>[0]
type Open = (request: Request) => AsyncIterable<ChatCompletionChunk>

/** How the answer is fetched: from the endpoint of the environment, or from a recording when there is none. */
async function opener(model: string, flags: Flags, io: Io): Promise<Open> {
  if (model.startsWith('demo:') && (io.env.OPENAI_BASE_URL ?? '') === '') {
    const { bytes } = await openSource(model, flags, io)
    return () => paced(readChunks(bytes), io)
  }
  const endpoint = endpointOf(io.env)
  if (model === '') {
    throw new CliError(
      exitCode.configuration,
      'no model is chosen: give one with -m MODEL or in DELTAWIRE_MODEL',
      '-m demo:text answers from a built-in recording',
    )
  }
  return (request) =>
    abortable(streamChatCompletion(request, { ...endpoint, fetch: io.fetch, signal: io.signal }), io.signal)
}

/** A recording at the pace of a model, for a person to look at. */
async function* paced(chunks: AsyncIterable<ChatCompletionChunk>, { stdout, clock, signal }: Io) {
  for await (const chunk of abortable(chunks, signal)) {
    if (stdout.isTTY) await clock.sleep(25, signal)
    yield chunk
  }
}

/** How an answer is printed while it arrives, and what follows. */
interface Answer {
  readonly chunk: (chunk: ChatCompletionChunk) => Promise<void>
  readonly end: (fold: Fold) => Promise<void>
}

function createTextAnswer(flags: Flags, io: Io): Answer {
  // Thoughts are for people who watch: not for pipes.
  const mode: ReasoningMode = flags.reasoning ?? (io.stdout.isTTY && io.stderr.isTTY ? 'show' : 'hide')
  const writer = createAnswerWriter(io, mode)
  return { chunk: writer.write, end: () => writer.end() }
}

function createJsonAnswer(flags: Flags, io: Io): Answer {
  const line = (value: object) => io.stdout.write(`${visibleJson(JSON.stringify(value))}\n`)
  return {
    async chunk(chunk) {
      if (flags.jsonl) await line(chunk)
    },
    async end({ completion, figures, error }) {
      if (completion !== null) await line(toResult(completion, figures, error !== null))
      if (error !== null) await line(toErrorResult(error, io.env))
    },
  }
}

/** The object that `--json` prints. Its fields are a promise to scripts; `v` tells when one of them changes. */
function toResult(completion: ChatCompletion, figures: Fold['figures'], isPartial: boolean) {
  const { id, model, choices, usage } = completion
  return {
    v: 1,
    type: 'result',
    id,
    model,
    text: textOf(completion),
    reasoning: reasoningOf(completion),
    finish_reason: choices[0]?.finish_reason ?? null,
    choices,
    usage: usage ?? null,
    timing: { first_chunk_ms: inWhole(figures.firstChunkMs), total_ms: inWhole(figures.totalMs) },
    partial: isPartial,
  }
}

function toErrorResult(error: Error, env: Io['env']) {
  const code = 'code' in error ? error.code : error.name
  return { v: 1, type: 'error', code, message: withoutKey(sentenceOf(error), env), exit_code: exitCodeOf(error) }
}

function inWhole(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms)
}

/** Says on stderr how the answer ended, and returns the exit code for it. */
async function judge({ completion, error }: Fold, flags: Flags, io: Io): Promise<number> {
  for (const { name, text } of toolCallsOf(completion ?? undefined)) {
    await note(io, flags, `the model called ${name}(${text})`)
  }
  if (error instanceof Interrupted) await noteInterrupt(io, flags, error, completion !== null)
  if (error !== null || completion === null) {
    await reportError(io, flags, error)
    return exitCodeOf(error)
  }
  for (const { finish_reason } of completion.choices) {
    const remark = finish_reason === null ? 'the answer ended without a finish reason' : endings[finish_reason]
    if (remark !== undefined) await note(io, flags, remark)
  }
  const code = exitCodeOfAnswer(completion)
  if (code === exitCode.unacceptable) {
    const isRefused = completion.choices.some(({ message }) => Boolean(message.refusal))
    await io.stderr.write(`error: ${isRefused ? 'the model refused to answer' : 'the answer is empty'}\n`)
  }
  return code
}

const endings: Record<string, string | undefined> = {
  length: 'the answer was cut at the token limit (finish_reason=length)',
  content_filter: 'the answer was cut by a content filter (finish_reason=content_filter)',
}
