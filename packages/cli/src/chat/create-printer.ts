import { reasoningOf, textOf, type ChatCompletion, type ChatCompletionChunk } from '@deltawire/core'
import type { Usage } from '@deltawire/node'
import { CliError } from '../cli-error.ts'
import { exitCode, exitCodeOf } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { hasColors } from '../render/colors.ts'
import { createAnswerWriter, type ReasoningMode } from '../render/create-answer-writer.ts'
import { createTextWriter, type TextWriter } from '../render/create-text-writer.ts'
import { visibleJson } from '../render/visible.ts'
import { sentenceOf, withoutKey } from '../report.ts'
import type { Fold } from '../source/fold-source.ts'
import { createMarkdownWriter } from './create-markdown-writer.ts'
import { hasHyperlinks } from './hyperlinks.ts'
import { redacted } from './redacted.ts'

export type Format = 'json' | 'jsonl' | 'md' | 'sse' | 'text'

/** An answer that has ended, and what is known of it. */
export interface Answered extends Fold {
  readonly usage: Usage | undefined
  readonly cost: number | undefined
  /** The conversation, where it is kept. */
  readonly thread: string | null
  readonly recording: string | undefined
  /** The value of an answer that had to follow a schema. */
  readonly value?: unknown
}

/** How an answer is printed while it arrives, and what follows. */
export interface Printer {
  readonly chunk: (chunk: ChatCompletionChunk) => Promise<void>
  /** A read of the answer as it came. */
  readonly bytes?: (bytes: Uint8Array) => Promise<void>
  /** The text so far is whole, and what is said next is no part of it: a note, a question, the usage. */
  readonly pause?: () => Promise<void>
  readonly end: (answered: Answered) => Promise<void>
}

export interface PrinterOptions {
  readonly format: Format
  readonly reasoning: ReasoningMode | undefined
  /** More than one choice: one after the other, when all of them are there. */
  readonly choices: number
  /** Ends the last line also in a pipe. */
  readonly endsLine: boolean
  /** Control characters of the answer reach the terminal. */
  readonly isRaw: boolean
  readonly secrets: readonly string[]
}

export function createPrinter(options: PrinterOptions, io: Io): Printer {
  if (options.format === 'json' || options.format === 'jsonl') return createJsonPrinter(options, io)
  if (options.format === 'sse') return createBytesPrinter(io)
  return options.choices > 1 ? createChoicesPrinter(options, io) : createTextPrinter(options, io)
}

/** What a text of the model goes through on its way to the user. */
export function answerWriterOf(
  { format, isRaw }: Pick<PrinterOptions, 'format' | 'isRaw'>,
  io: Pick<Io, 'env' | 'stdout'>,
): TextWriter {
  const { stdout, env } = io
  if (format !== 'md') return createTextWriter(isRaw ? { ...stdout, isTTY: false } : stdout)
  const hasStyles = hasColors(stdout, env)
  return createMarkdownWriter(
    stdout,
    { hasStyles, hasHyperlinks: hasHyperlinks(stdout, env) },
    Number(env['COLUMNS']) || 80,
  )
}

function createTextPrinter(options: PrinterOptions, io: Io): Printer {
  // Thoughts are for people who watch: not for pipes.
  const mode: ReasoningMode = options.reasoning ?? (io.stdout.isTTY && io.stderr.isTTY ? 'show' : 'hide')
  const writer = createAnswerWriter(io, mode, answerWriterOf(options, io))
  let last = ''
  return {
    async chunk(chunk) {
      const text = chunk.choices.map(({ index, delta }) => (index === 0 ? textOf(delta) : '')).join('')
      last = text.at(-1) ?? last
      await writer.write(chunk)
    },
    pause: () => writer.end(),
    async end() {
      await writer.end()
      if (options.endsLine && options.format !== 'md' && !io.stdout.isTTY && last !== '' && last !== '\n')
        await io.stdout.write('\n')
    },
  }
}

function createChoicesPrinter(options: PrinterOptions, io: Io): Printer {
  return {
    chunk: async () => {},
    async end({ completion }) {
      for (const { index, message } of completion?.choices ?? []) {
        await io.stdout.write(`${index === 0 ? '' : '\n'}--- ${index + 1} of ${completion?.choices.length} ---\n`)
        const writer = answerWriterOf(options, io)
        const text = options.reasoning === 'only' ? reasoningOf(message) : textOf(message) + (message.refusal ?? '')
        await writer.write(text)
        await writer.end()
        // The next header stands on a line of its own.
        if (!io.stdout.isTTY && options.format !== 'md' && !text.endsWith('\n')) await io.stdout.write('\n')
      }
    },
  }
}

function createBytesPrinter(io: Io): Printer {
  return { chunk: async () => {}, bytes: (bytes) => io.stdout.write(bytes), end: async () => {} }
}

function createJsonPrinter({ format, secrets }: PrinterOptions, io: Io): Printer {
  const line = (value: object) => io.stdout.write(`${visibleJson(JSON.stringify(value))}\n`)
  return {
    async chunk(chunk) {
      if (format === 'jsonl') await line(chunk)
    },
    async end(answered) {
      const { completion, error } = answered
      if (completion !== null) await line(toResult(completion, answered))
      if (error !== null) await io.stdout.write(errorLine(error, io.env, secrets))
    },
  }
}

/** The object that `--json` prints. Its fields are a promise to scripts; `v` tells when one of them changes. */
function toResult(completion: ChatCompletion, { figures, error, usage, cost, thread, recording, value }: Answered) {
  const { id, model, choices } = completion
  return {
    v: 1,
    type: 'result',
    id,
    thread,
    model,
    text: textOf(completion),
    reasoning: reasoningOf(completion),
    ...(value !== undefined && { value }),
    finish_reason: choices[0]?.finish_reason ?? null,
    choices,
    usage: completion.usage ?? usage ?? null,
    timing: { first_chunk_ms: inWhole(figures.firstChunkMs), total_ms: inWhole(figures.totalMs) },
    cost: cost ?? null,
    ...(recording !== undefined && { recording }),
    partial: error !== null,
  }
}

/** The last line of `--json` when something went wrong. */
export function errorLine(error: Error, env: Io['env'], secrets: readonly string[] = []): string {
  const message = redacted(withoutKey(sentenceOf(error), env), secrets)
  const result = { v: 1, type: 'error', code: codeOf(error), message, exit_code: exitCodeOf(error) }
  return `${visibleJson(JSON.stringify(result))}\n`
}

/** The code of an error, otherwise what its exit code is called: `usage`, `configuration`, `unacceptable`. */
function codeOf(error: Error): string {
  if ('code' in error && typeof error.code === 'string') return error.code
  const names = Object.keys(exitCode) as (keyof typeof exitCode)[]
  const name = error instanceof CliError ? names.find((each) => exitCode[each] === error.exitCode) : undefined
  return name ?? error.name
}

function inWhole(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms)
}
