import { resolve } from 'node:path'
import {
  reasoningOf,
  textOf,
  toolCallsOf,
  type ChatCompletion,
  type ChatCompletionChunk,
  type ChatCompletionMessage,
  type RequestMessage,
} from '@deltawire/core'
import { estimateUsage, type StreamRequest, type Usage } from '@deltawire/node'
import type { Io } from '../io.ts'
import { CliError } from '../cli-error.ts'
import { note, type Loudness } from '../report.ts'
import { foldChunks, type Fold } from '../source/fold-source.ts'
import { createDraft, type Draft } from '../store/draft.ts'
import type { AnswerRecord } from '../store/record.ts'
import type { Conversation } from './conversation.ts'
import type { Asker } from './create-asker.ts'
import type { Answered, Printer } from './create-printer.ts'
import { costOf, priceOf } from './usage-line.ts'
import { createWaitingSign } from './waiting-sign.ts'

export interface TakeAnswerOptions {
  readonly asker: Asker
  readonly request: StreamRequest
  readonly printer: Printer
  readonly conversation: Conversation
  /** Where an answer is kept while it arrives; nothing when the conversation is not kept. */
  readonly draftFolder: string | undefined
  readonly signal: AbortSignal
  readonly io: Io
  /** Shows on a terminal that the answer is being waited for. */
  readonly loudness?: Loudness
}

/** Often enough that a killed run loses little, seldom enough that nobody notices. */
const draftMs = 500

/** Asks once, prints the answer while it arrives, and keeps it in the conversation, however it ends. */
export async function takeAnswer(options: TakeAnswerOptions): Promise<Answered> {
  const { asker, request, printer, conversation, draftFolder, signal, io } = options
  const pending = conversation.draft(
    { role: 'assistant', content: '' },
    { ...recordOf(asker), status: 'partial', finish_reason: null, reason: 'the program was killed' },
  )
  const draft = draftFolder === undefined ? undefined : createDraft(draftFolder, pending)
  const keep = draft === undefined ? undefined : draftWriter(draft, io)
  const chunks = asker.open(request, { signal, ...(printer.bytes && { onBytes: printer.bytes }) })
  // A recording answers at once.
  const isAwaited = options.loudness !== undefined && asker.endpoint !== undefined
  const sign = isAwaited ? createWaitingSign({ ...io, signal }, options.loudness) : undefined
  let answered: Answered | undefined
  try {
    const fold = await foldChunks(chunks, {
      clock: io.clock,
      async onChunk(chunk) {
        keep?.(chunk.choices.map(({ index, delta }) => (index === 0 ? textOf(delta) : '')).join(''))
        if (says(chunk)) await sign?.stop()
        await printer.chunk(chunk)
      },
    })
    await sign?.stop()
    answered = toAnswered(fold, options)
    if (fold.completion !== null) await keepAnswer(fold.completion, answered, pending, options)
    // Not before: nobody may read any more, and the answer is kept all the same.
    await printer.pause?.()
  } finally {
    await sign?.stop()
    draft?.discard()
  }
  return answered
}

/** Whether there is something to print: the first chunk of many servers is empty. */
function says({ choices }: ChatCompletionChunk): boolean {
  return choices.some(({ delta }) => textOf(delta) !== '' || reasoningOf(delta) !== '' || Boolean(delta.refusal))
}

function draftWriter(draft: Draft, { clock }: Io): (text: string) => void {
  let text = ''
  let writtenAt = clock.now()
  return (piece) => {
    text += piece
    if (text === '' || clock.now() - writtenAt < draftMs) return
    draft.add(text)
    text = ''
    writtenAt = clock.now()
  }
}

function toAnswered(fold: Fold, { asker, request, conversation, draftFolder }: TakeAnswerOptions): Answered {
  const { completion } = fold
  const usage: Usage | undefined =
    completion === null ? undefined : (completion.usage ?? estimateUsage(request, completion))
  const price = priceOf(asker.settings.user.value.prices, asker.profile, asker.model)
  const cost = usage === undefined ? undefined : costOf(usage, price)
  return {
    ...fold,
    usage,
    cost,
    thread: draftFolder === undefined ? null : conversation.id,
    recording: asker.recording(),
  }
}

/** An answer that cannot be kept, on a full disk, is printed all the same. */
async function keepAnswer(...[completion, answered, pending, options]: Parameters<typeof finish>): Promise<void> {
  try {
    finish(completion, answered, pending, options)
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    await options.printer.pause?.()
    await note(options.io, options.loudness ?? { quiet: false, verbose: 0 }, error.message)
  }
}

/** Every choice is kept; the first one is gone on with. */
function finish(
  completion: ChatCompletion,
  answered: Answered,
  pending: ReturnType<Conversation['draft']>,
  { asker, conversation, io }: TakeAnswerOptions,
): void {
  const { usage, cost, figures, error, recording } = answered
  const [first, ...others] = completion.choices
  const branch = conversation.tip
  for (const choice of others) {
    conversation.add([
      toMessage(choice.message),
      { ...recordOf(asker), status: 'complete', finish_reason: choice.finish_reason },
    ])
    conversation.goTo(branch)
  }
  if (first === undefined) return
  const reasoning = reasoningOf(first)
  conversation.finish(pending, toMessage(first.message), {
    ...recordOf(asker),
    status: error === null ? 'complete' : 'partial',
    finish_reason: first.finish_reason,
    ...(error !== null && { reason: error.message }),
    ...(reasoning !== '' && { reasoning }),
    ...(usage !== undefined && { usage }),
    timing: {
      first_chunk_ms: figures.firstChunkMs === undefined ? null : Math.round(figures.firstChunkMs),
      total_ms: Math.round(figures.totalMs),
    },
    ...(cost !== undefined && { cost }),
    // Named from everywhere, not from where it was asked.
    ...(recording !== undefined && { recording: resolve(io.cwd, recording) }),
  })
}

function recordOf({ model, profile }: Asker): Pick<AnswerRecord, 'model' | 'profile'> {
  return { model, ...(profile !== undefined && { profile }) }
}

/** As it is sent again: what only belongs to an answer is refused by some servers. */
function toMessage({ content, refusal, tool_calls, function_call }: ChatCompletionMessage): RequestMessage {
  return {
    role: 'assistant',
    content: textOf({ content }),
    ...(refusal && { refusal }),
    ...(tool_calls && { tool_calls }),
    ...(function_call && { function_call }),
  }
}

/** The calls of an answer that somebody has to run. */
export function callsOf({ completion, error }: Fold) {
  const [first] = completion?.choices ?? []
  return error !== null || first === undefined ? [] : toolCallsOf(first.message)
}
