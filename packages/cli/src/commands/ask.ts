import { textOf, type RequestMessage } from '@deltawire/core'
import type { StreamRequest } from '@deltawire/node'
import type { FlagValues, Invocation, Run } from '../arguments/command.ts'
import { readSchema } from '../chat/answer-schema.ts'
import { buildPrompt, templateOf } from '../chat/build-prompt.ts'
import { buildRequest, curlCommand } from '../chat/build-request.ts'
import { checkAnswer, unacceptable } from '../chat/check-answer.ts'
import { toMessages } from '../chat/conversation.ts'
import { createAsker, type Asker } from '../chat/create-asker.ts'
import { createPrinter, errorLine, type Answered, type Format, type Printer } from '../chat/create-printer.ts'
import { editText } from '../chat/edit-text.ts'
import { extractBlock } from '../chat/extract.ts'
import { openConversation, type OpenedConversation } from '../chat/open-conversation.ts'
import { questioner } from '../chat/questioner.ts'
import { withoutSecrets } from '../chat/redacted.ts'
import { runToolSteps } from '../chat/run-tool-steps.ts'
import { readTools } from '../chat/tools.ts'
import { usageLine } from '../chat/usage-line.ts'
import type { CliError } from '../cli-error.ts'
import { loadSettings } from '../config/load-settings.ts'
import { exitCode, exitCodeOf, exitCodeOfAnswer } from '../exit-code.ts'
import { Interrupted, OutputClosed, type Io } from '../io.ts'
import { createTextWriter } from '../render/create-text-writer.ts'
import { jsonText } from '../render/json-text.ts'
import { note, noteInterrupt, reportError } from '../report.ts'
import { readRequest } from '../source/request-of.ts'
import type { flags } from './ask.command.ts'

type FlagTable = typeof flags
type Flags = FlagValues<FlagTable>

export const ask: Run<typeof flags> = async (invocation, io) => {
  try {
    return await askOnce(invocation, io)
  } catch (error) {
    const isNews = error instanceof Error && !(error instanceof OutputClosed) && !(error instanceof Interrupted)
    // Who reads JSON is told in JSON, too, unless nobody reads any more.
    if (isNews && isJson(invocation.flags)) await io.stdout.write(errorLine(error, io.env)).catch(() => {})
    throw error
  }
}

async function askOnce({ flags, arguments: words }: Invocation<FlagTable>, io: Io): Promise<number> {
  // Looked at before standard input is read: a prompt is not worth writing for an endpoint that is not there.
  const settings = await loadSettings(flags, io)
  const template = await templateOf(settings)
  const opened = openConversation(flags, settings, io)
  const last = opened.conversation.path().findLast(({ answer }) => answer !== undefined)?.answer
  // A conversation goes on with its model, unless another one is asked for.
  const model = flags.model ?? template?.model ?? (last === undefined ? undefined : modelOfAnswer(last))
  const body = flags.request === undefined ? undefined : await readRequest(flags.request, io)
  const named = model ?? (typeof body?.['model'] === 'string' ? body['model'] : undefined)
  const asker = await createAsker({ ...flags, model: named }, io)
  const safe = withoutSecrets(io, asker.secrets)
  const schema = flags.schema === undefined ? undefined : await readSchema(flags.schema, io)
  const tools = await readTools(flags.tool, io)

  const messages = await messagesOf(words, body, opened, { template, settings, flags, io })
  const request = buildRequest(asker, flags, {
    ...(body && { body }),
    messages: messages.request,
    options: messages.options,
    schema,
    tools,
    choices: flags.choices,
  })
  if (flags['dry-run'] || flags.curl) return printRequest(asker, request, flags, io)

  if (messages.added.length > 0) opened.conversation.add(...messages.added.map((message) => [message] as const))
  const printer = flags.extract === undefined && schema === undefined ? printerOf(flags, asker, safe) : heldPrinter
  const answered = await runToolSteps({
    ...opened,
    asker,
    request,
    printer,
    tools,
    signal: io.signal,
    io: safe,
    maxSteps: flags['max-steps'],
    isApproved: flags.yes,
    question: questioner(io),
    loudness: flags,
  })
  const isStored = opened.draftFolder !== undefined
  if (flags.usage && answered.usage !== undefined)
    await io.stderr.write(`${usageLine(answered.usage, answered.figures, answered.cost)}\n`)
  const { failure, value } = checkAnswer(answered, schema, flags.extract)
  await endOf(printer, { ...answered, ...(value !== undefined && { value }) }, flags, asker, safe)
  return judge(answered, failure, { ...flags, isStored }, safe)
}

function modelOfAnswer({ model, profile }: { readonly model: string; readonly profile?: string | undefined }): string {
  return profile === undefined ? model : `${profile}/${model}`
}

interface PromptContext {
  readonly template: Awaited<ReturnType<typeof templateOf>>
  readonly settings: Asker['settings']
  readonly flags: Flags
  readonly io: Io
}

/** What is sent, and what of it is new to the conversation. */
async function messagesOf(
  words: readonly string[],
  body: Readonly<Record<string, unknown>> | undefined,
  { conversation }: OpenedConversation,
  context: PromptContext,
) {
  const { template, settings, flags, io } = context
  // What a request says is the server's business; that it is a list is ours.
  const given = Array.isArray(body?.['messages']) ? (body['messages'] as RequestMessage[]) : []
  const isWhole = given.length > 0 && words.length === 0 && (io.stdin.isTTY || flags.request === '-')
  const path = toMessages(conversation.path())
  if (isWhole) return { request: [...path, ...given], added: given, options: {} }
  const edit = flags.edit ? (text: string) => editText(text, io) : undefined
  const prompt = await buildPrompt(words, template, settings, flags, io, edit)
  const hasSystem = path.some(({ role }) => role === 'system') && flags.system === undefined
  const system: RequestMessage[] =
    prompt.system === undefined || hasSystem ? [] : [{ role: 'system', content: prompt.system }]
  const rest = system.length === 0 ? path : path.filter(({ role }) => role !== 'system')
  return {
    request: [...system, ...given, ...rest, prompt.message],
    added: [...(path.length === 0 ? system : []), ...given, prompt.message],
    options: prompt.options,
  }
}

async function printRequest(asker: Asker, request: StreamRequest, flags: Flags, io: Io): Promise<number> {
  const body = flags['no-stream'] ? request : { ...request, stream: true }
  await io.stdout.write(flags.curl ? `${curlCommand(asker, request)}\n` : jsonText(body, false))
  return exitCode.complete
}

/** Nothing is printed before its end is known. */
const heldPrinter: Printer = { chunk: async () => {}, end: async () => {} }

function isJson({ json, jsonl, format }: Flags): boolean {
  return json || jsonl || format === 'json' || format === 'jsonl'
}

function formatOf(flags: Flags, asker: Asker, { stdout }: Io): Format {
  if (flags.json) return 'json'
  if (flags.jsonl) return 'jsonl'
  if (flags.raw || flags['raw-bytes']) return 'text'
  if (flags.format !== undefined) return flags.format
  return stdout.isTTY && asker.settings.get('render').value !== 'text' ? 'md' : 'text'
}

function printerOf(flags: Flags, asker: Asker, io: Io): Printer {
  const setting = asker.settings.get('reasoning').value
  const reasoning = flags.reasoning ?? (setting === 'hide' || setting === 'show' ? setting : undefined)
  return createPrinter(
    {
      format: formatOf(flags, asker, io),
      reasoning,
      choices: flags.choices ?? 1,
      endsLine: flags.newline,
      isRaw: flags['raw-bytes'],
      secrets: asker.secrets,
    },
    io,
  )
}

/** The end of what was printed; all of it, where it had to be held. */
async function endOf(printer: Printer, answered: Answered, flags: Flags, asker: Asker, io: Io): Promise<void> {
  if (printer !== heldPrinter) return printer.end(answered)
  const { completion } = answered
  if (flags.extract !== undefined) {
    const block = extractBlock(textOf(completion ?? undefined), flags.extract)
    const writer = createTextWriter(flags['raw-bytes'] ? { ...io.stdout, isTTY: false } : io.stdout)
    await writer.write(block ?? '')
    return writer.end()
  }
  const late = printerOf(flags, asker, io)
  for (const choice of completion?.choices ?? []) {
    const { index, finish_reason, message } = choice
    // The completion is a chunk that came whole.
    await late.chunk({
      id: '',
      object: 'chat.completion.chunk',
      created: 0,
      model: asker.model,
      choices: [{ index, finish_reason, delta: { content: textOf(message), refusal: message.refusal } }],
    })
  }
  return late.end(answered)
}

/** Says on stderr how the answer ended, and returns the exit code for it. */
async function judge(
  answered: Answered,
  failure: CliError | undefined,
  flags: Flags & { readonly isStored: boolean },
  io: Io,
): Promise<number> {
  const { completion, error } = answered
  if (error instanceof Interrupted) await noteInterrupt(io, flags, error, completion !== null)
  if (error !== null || completion === null) {
    await reportError(io, flags, error)
    return exitCodeOf(error)
  }
  let isUnended = false
  for (const { finish_reason } of completion.choices) {
    if (finish_reason === null) isUnended = true
    const remark = finish_reason === null ? 'the answer ended without a finish reason' : endings[finish_reason]
    const hint = finish_reason === 'length' && flags.isStored ? '; continue with: deltawire -c "go on"' : ''
    if (remark !== undefined) await note(io, flags, remark + hint)
  }
  if (failure !== undefined) return fail(failure, flags, io)
  const code = exitCodeOfAnswer(completion)
  if (code === exitCode.unacceptable) {
    const isRefused = completion.choices.some(({ message }) => Boolean(message.refusal))
    return fail(unacceptable(isRefused ? 'the model refused to answer' : 'the answer is empty'), flags, io)
  }
  if (code === exitCode.complete && isUnended && flags.strict) return exitCode.broken
  return code === exitCode.truncated && flags['allow-truncated'] ? exitCode.complete : code
}

async function fail(failure: CliError, flags: Flags, io: Io): Promise<number> {
  await reportError(io, flags, failure)
  if (isJson(flags)) await io.stdout.write(errorLine(failure, io.env))
  return failure.exitCode
}

const endings: Record<string, string | undefined> = {
  length: 'the answer was cut at the token limit (finish_reason=length)',
  content_filter: 'the answer was cut by a content filter (finish_reason=content_filter)',
}
