import { accessSync, constants } from 'node:fs'
import { encodeChunk, encodeDone, splitCompletion, textOf, type ChatCompletion } from '@deltawire/core'
import { version } from '../../package.json'
import { toMessages } from '../chat/conversation.ts'
import { CliError } from '../cli-error.ts'
import { pathsOf } from '../config/paths.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { openCapture, type Capture } from '../recording/read-recording.ts'
import { note, type Loudness } from '../report.ts'
import { openHistory, type History } from '../store/history.ts'
import { abortable } from './abortable.ts'
import { readFile } from './file-source.ts'
import { findTurn, pathIn, type Turn } from './find-turn.ts'
import { plain } from './plain.ts'

/**
 * What opens an answer of the history: `@ID`, by what `findTurn` takes.
 *
 * The recording of the answer where there is one, otherwise the stored completion, cut into chunks anew.
 *
 * @throws CliError when there is no such answer, or more than one
 */
export async function openTurn(name: string, loudness: Loudness, io: Io): Promise<() => Promise<Capture>> {
  const paths = pathsOf(io.env)
  if (paths === undefined) {
    throw new CliError(
      exitCode.configuration,
      'there is no history: the environment names no home',
      '$DELTAWIRE_DATA_DIR names a folder for it',
    )
  }
  const history = openHistory(paths.dataFolder, io.clock.date)
  const turn = findTurn(history, name.slice(1))
  const { recording } = turn.answer
  if (recording !== undefined) {
    if (isReadable(recording)) return () => openCapture(plain(abortable(readFile(recording), io.signal)))
    await note(io, loudness, `the recording of this answer is gone (${recording}): what was kept of it is cut anew`)
  }
  return async () => captureOf(turn, history)
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** The answer as a server would have streamed it; one that was cut has no end. When each part came nobody knows. */
function captureOf(turn: Turn, history: History): Capture {
  const { answer, thread, parent } = turn
  const events = [...splitCompletion(completionOf(turn))].map(encodeChunk)
  const body = [...events, ...(answer.status === 'complete' ? [encodeDone()] : [])].join('')
  const asked = toMessages(pathIn(history, thread, parent))
  return {
    head: {
      v: 1,
      type: 'chat.recording',
      started: turn.at,
      request: { method: 'POST', url: '', headers: {}, body: { model: answer.model, messages: asked, stream: true } },
      response: { status: 200, headers: { 'content-type': 'text/event-stream' }, t: 0 },
      timed: false,
      tool: `deltawire ${version}`,
    },
    reads: once(body),
  }
}

function completionOf({ id, at, message, answer }: Turn): ChatCompletion {
  const { model, finish_reason, reasoning, usage } = answer
  const { content, refusal = null, tool_calls, function_call } = message
  const text = textOf({ content: content ?? null })
  const hasCalls = tool_calls !== undefined || (function_call ?? null) !== null
  // Counted by us, it was in no stream.
  const isTold = usage !== undefined && !('estimated' in usage)
  return {
    id,
    object: 'chat.completion',
    created: Math.floor(Date.parse(at) / 1000),
    model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text === '' && hasCalls ? null : text,
          refusal,
          ...(reasoning !== undefined && { reasoning }),
          ...(tool_calls !== undefined && { tool_calls }),
          ...(function_call !== undefined && { function_call }),
        },
        finish_reason,
        logprobs: null,
      },
    ],
    ...(isTold && { usage }),
  }
}

async function* once(text: string) {
  yield { atMs: undefined, bytes: new TextEncoder().encode(text) }
}
