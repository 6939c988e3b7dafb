import type { RequestMessage } from '@deltawire/core'
import { textOf } from '@deltawire/core'
import type { FlagValues, Run } from '../arguments/command.ts'
import { usageError } from '../arguments/usage-error.ts'
import { buildPrompt, templateOf } from '../chat/build-prompt.ts'
import { buildRequest } from '../chat/build-request.ts'
import { columnsText } from '../chat/columns-text.ts'
import { createConversation } from '../chat/conversation.ts'
import { createAsker, type Asker } from '../chat/create-asker.ts'
import { createPrinter, type Answered, type Printer } from '../chat/create-printer.ts'
import { redacted } from '../chat/redacted.ts'
import { takeAnswer } from '../chat/take-answer.ts'
import { usageLine } from '../chat/usage-line.ts'
import { loadSettings } from '../config/load-settings.ts'
import { exitCode, exitCodeOf, exitCodeOfAnswer } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { visible, visibleLine } from '../render/visible.ts'
import { sentenceOf } from '../report.ts'
import type { flags } from './compare.command.ts'

type Flags = FlagValues<typeof flags>

/** Narrower ones are harder to read than one after the other. */
const minColumnWidth = 30
const maxColumns = 4

export const compare: Run<typeof flags> = async ({ flags, arguments: words }, io) => {
  if (flags.model.length < 2) throw usageError('compare needs two models: -m A -m B', 'deltawire models lists them')
  const { model: names, ...shared } = flags
  const settings = await loadSettings({ ...shared, model: names[0] }, io)
  const template = await templateOf(settings)
  const askers = await Promise.all(names.map((model) => createAsker({ ...shared, model }, io)))
  const prompt = await buildPrompt(words, template, settings, shared, io)
  const system: RequestMessage[] = prompt.system === undefined ? [] : [{ role: 'system', content: prompt.system }]
  const answers = askers.map((asker) => askOne(asker, [...system, prompt.message], prompt.options, shared, io))
  const codes = flags.json ? await printJson(answers, askers, io) : await print(answers, askers, io)
  return codes.find((code) => code !== exitCode.complete) ?? exitCode.complete
}

async function askOne(
  asker: Asker,
  messages: readonly RequestMessage[],
  options: Readonly<Record<string, unknown>>,
  flags: Omit<Flags, 'model'>,
  io: Io,
): Promise<Answered> {
  const request = buildRequest(asker, flags, { messages, options })
  const conversation = createConversation({ now: io.clock.date })
  return takeAnswer({
    asker,
    request,
    printer: silent,
    conversation,
    draftFolder: undefined,
    signal: io.signal,
    io: { ...io, stdout: { ...io.stdout, isTTY: false } },
  })
}

const silent: Printer = { chunk: async () => {}, end: async () => {} }

/** Each as soon as it is there, in the order in which they were named. */
async function printJson(answers: readonly Promise<Answered>[], askers: readonly Asker[], io: Io): Promise<number[]> {
  const codes: number[] = []
  for (const [at, answer] of answers.entries()) {
    const asker = askers[at]
    const printer = createPrinter(
      {
        format: 'json',
        reasoning: undefined,
        color: undefined,
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
  const width = io.stdout.isTTY ? (io.stdout.columns?.() ?? 80) : 0
  const isWide = askers.length <= maxColumns && width / askers.length >= minColumnWidth
  const codes: number[] = []
  const columns: { title: string; text: string; foot: string }[] = []
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
    else
      await io.stdout.write(
        `${at === 0 ? '' : '\n'}--- ${visibleLine(column.title)} ---\n${io.stdout.isTTY ? visible(column.text) : column.text}\n(${visibleLine(column.foot)})\n`,
      )
  }
  if (isWide) await io.stdout.write(columnsText(columns, width))
  return codes
}

function textOfAnswer({ completion }: Answered): string {
  const message = completion?.choices[0]?.message
  return message === undefined ? '' : (textOf(message) + (message.refusal ?? '')).trimEnd()
}

function footOf({ usage, figures, cost, error }: Answered, secrets: readonly string[]): string {
  const failed = error === null ? [] : [redacted(sentenceOf(error), secrets)]
  return [...failed, ...(usage === undefined ? [] : [usageLine(usage, figures, cost)])].join(' · ')
}

function codeOf({ completion, error }: Answered): number {
  return error !== null || completion === null ? exitCodeOf(error) : exitCodeOfAnswer(completion)
}
