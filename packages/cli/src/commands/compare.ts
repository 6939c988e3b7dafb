import { textOf, type ChatCompletionChunk, type RequestMessage } from '@deltawire/core'
import type { FlagValues, Run } from '../arguments/command.ts'
import { usageError } from '../arguments/usage-error.ts'
import { buildPrompt, templateOf } from '../chat/build-prompt.ts'
import { buildRequest } from '../chat/build-request.ts'
import { createConversation } from '../chat/conversation.ts'
import { createAsker, type Asker } from '../chat/create-asker.ts'
import { createPrinter, type Answered } from '../chat/create-printer.ts'
import { redacted } from '../chat/redacted.ts'
import { takeAnswer } from '../chat/take-answer.ts'
import { usageLine } from '../chat/usage-line.ts'
import { columnLines, fitBeside, wrappedLines, type Column } from '../compare/column-lines.ts'
import { advanced, begun, columnAt, ended, type Progress } from '../compare/progress.ts'
import { showLive } from '../compare/show-live.ts'
import { loadSettings } from '../config/load-settings.ts'
import { exitCode, exitCodeOf, exitCodeOfAnswer } from '../exit-code.ts'
import { Interrupted, type Io } from '../io.ts'
import { visibleLine } from '../render/visible.ts'
import { hasColors } from '../render/colors.ts'
import { sentenceOf } from '../report.ts'
import type { flags } from './compare.command.ts'

type Flags = FlagValues<typeof flags>

export const compare: Run<typeof flags> = async ({ flags, arguments: words }, io) => {
  if (flags.model.length < 2) throw usageError('compare needs two models: -m A -m B', hintOf(flags.model, words))
  const { model: names, ...shared } = flags
  const settings = await loadSettings({ ...shared, model: names[0] }, io)
  const template = await templateOf(settings)
  const askers = await Promise.all(names.map((model) => createAsker({ ...shared, model }, io)))
  const prompt = await buildPrompt(words, template, settings, shared, io)
  const system: RequestMessage[] = prompt.system === undefined ? [] : [{ role: 'system', content: prompt.system }]
  const messages = [...system, prompt.message]
  if (flags.json) return firstFailure(await printJson(ask(), askers, io))
  if (!isLive(askers.length, flags, io)) return firstFailure(await print(ask(), askers, io))

  const progress = askers.map(({ model }) => begun(model, io.clock.now()))
  const live = showLive((now) => progress.map((one) => columnAt(one, now)), io)
  const answers = ask(progress)
  try {
    await Promise.all(answers)
  } finally {
    await live.stop()
  }
  return firstFailure(await print(answers, askers, io))

  /** Asks all of them, and keeps up to date how far each has come, where that is shown. */
  function ask(shown?: Progress[]): Promise<Answered>[] {
    return askers.map(async (asker, at) => {
      const update = (step: (before: Progress) => Progress) => {
        const before = shown?.[at]
        if (shown !== undefined && before !== undefined) shown[at] = step(before)
      }
      const answered = await askOne(asker, messages, prompt.options, shared, io, (chunk) =>
        update((before) => advanced(before, chunk, io.clock.now())),
      )
      update((before) => ended(before, { ...answered, problem: problemOf(answered, asker.secrets) }))
      return answered
    })
  }
}

/** Models without -m are easily written, and recordings cannot be meant as a prompt. */
function hintOf(models: readonly string[], words: readonly string[]): string {
  const named = [...models, ...words.filter((word) => word.startsWith('demo:'))]
  if (named.length < 2) return 'deltawire models lists them'
  return `did you mean: deltawire compare ${named.map((name) => `-m ${name}`).join(' ')} PROMPT`
}

function firstFailure(codes: readonly number[]): number {
  return codes.find((code) => code !== exitCode.complete) ?? exitCode.complete
}

/**
 * Whether the answers are shown while they arrive: on a terminal that has room for them beside each other and can be
 * drawn on. Requests that -vv shows would stand in between.
 */
function isLive(count: number, { verbose }: Flags, { stdout, stderr, env }: Io): boolean {
  if (!stdout.isTTY || env['TERM'] === 'dumb' || !hasColors(stdout, env)) return false
  return fitBeside(count, widthOf(stdout)) && !(verbose > 1 && stderr.isTTY)
}

function widthOf({ columns }: Io['stdout']): number {
  return columns?.() ?? 80
}

async function askOne(
  asker: Asker,
  messages: readonly RequestMessage[],
  options: Readonly<Record<string, unknown>>,
  flags: Omit<Flags, 'model'>,
  io: Io,
  onChunk: (chunk: ChatCompletionChunk) => void,
): Promise<Answered> {
  const request = buildRequest(asker, flags, { messages, options })
  const conversation = createConversation({ now: io.clock.date })
  return takeAnswer({
    asker,
    request,
    printer: { chunk: async (chunk) => onChunk(chunk), end: async () => {} },
    conversation,
    draftFolder: undefined,
    signal: io.signal,
    io: { ...io, stdout: { ...io.stdout, isTTY: false } },
  })
}

/** Each as soon as it is there, in the order in which they were named. */
async function printJson(answers: readonly Promise<Answered>[], askers: readonly Asker[], io: Io): Promise<number[]> {
  const codes: number[] = []
  for (const [at, answer] of answers.entries()) {
    const asker = askers[at]
    const printer = createPrinter(
      {
        format: 'json',
        reasoning: undefined,
        choices: 1,
        endsLine: true,
        isRaw: false,
        secrets: asker?.secrets ?? [],
      },
      io,
    )
    const answered = await answer
    await printer.end(answered)
    codes.push(codeOf(answered))
  }
  return codes
}

async function print(pending: readonly Promise<Answered>[], askers: readonly Asker[], io: Io): Promise<number[]> {
  const width = io.stdout.isTTY ? widthOf(io.stdout) : 0
  const isWide = fitBeside(askers.length, width)
  const codes: number[] = []
  const columns: Column[] = []
  for (const [at, answer] of pending.entries()) {
    const answered = await answer
    codes.push(codeOf(answered))
    const asker = askers[at]
    const column = {
      title: asker?.model ?? '',
      text: textOfAnswer(answered),
      foot: footOf(answered, asker?.secrets ?? []),
    }
    if (isWide) columns.push(column)
    else await io.stdout.write(`${at === 0 ? '' : '\n'}${alone(column, width)}`)
  }
  for (const line of isWide ? columnLines(columns, { width }) : []) await io.stdout.write(`${line}\n`)
  return codes
}

/** An answer above the next one; in a pipe (no width) as it came. */
function alone({ title, text, foot = '' }: Column, width: number): string {
  const texts = [text, ...(foot === '' ? [] : [`(${visibleLine(foot)})`])]
  const lines = width === 0 ? texts : texts.flatMap((one) => wrappedLines(one, width))
  return `--- ${visibleLine(title)} ---\n${lines.join('\n')}\n`
}

function textOfAnswer({ completion }: Answered): string {
  const message = completion?.choices[0]?.message
  return message === undefined ? '' : (textOf(message) + (message.refusal ?? '')).trimEnd()
}

function footOf(answered: Answered, secrets: readonly string[]): string {
  const { usage, figures, cost } = answered
  return [problemOf(answered, secrets), usage === undefined ? '' : usageLine(usage, figures, cost)]
    .filter((part) => part !== '')
    .join(' · ')
}

function problemOf({ error }: Answered, secrets: readonly string[]): string {
  if (error === null) return ''
  return error instanceof Interrupted ? error.message : redacted(sentenceOf(error), secrets)
}

function codeOf({ completion, error }: Answered): number {
  return error !== null || completion === null ? exitCodeOf(error) : exitCodeOfAnswer(completion)
}
